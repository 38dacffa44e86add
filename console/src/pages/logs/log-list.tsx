import type { LogLine } from '@roundhouse/sdk'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import {
  type CSSProperties,
  type ReactElement,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/class-names.ts'
import { counted } from '../../ui/format.ts'
import { useMedia } from '../../ui/use-media.ts'
import { LogRow, wideGrid } from './log-row.tsx'

export type LogListProps = {
  lines: readonly LogLine[]
  /** Id of the line that is open. */
  open: string | undefined
  /** Above the first line: how far back this is. */
  top: ReactNode
  /** Whether the newest line is in sight: then it follows what comes. */
  isAtEnd: RefObject<boolean>
  onTop(): void
}

const titles = ['Time', 'Level', 'Event', 'What', 'Status', 'Took', 'Request']
const topPixels = 44

/**
 * Lines in a window of their own, the newest below, of which only those in sight are in the page. At the end it goes with what
 * comes; whoever scrolls up stays where they are, also when older lines are put before them.
 */
export function LogList({ lines, open, top, isAtEnd, onTop }: LogListProps): ReactElement {
  const frame = useRef<HTMLDivElement>(null)
  // A row has room for all its columns in one line.
  const isWide = useMedia('(min-width: 640px)')
  const rowPixels = isWide ? 26 : 52
  const [isAway, setAway] = useState(false)
  const seen = useRef(lines.at(-1)?.id)
  const first = useRef(lines[0]?.id)
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowPixels,
    overscan: 20,
    // Rows are made in a task of their own, not in the frame in which the list scrolls.
    useFlushSync: false,
    paddingStart: topPixels,
    getItemKey: index => lines[index]?.id ?? index,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when rows become higher
  useLayoutEffect(() => virtual.measure(), [rowPixels])

  useLayoutEffect(() => {
    const shown = frame.current
    if (!shown) return
    const added = lines.findIndex(line => line.id === first.current)
    first.current = lines[0]?.id
    if (isAtEnd.current) shown.scrollTop = shown.scrollHeight
    else if (added > 0) shown.scrollTop += added * rowPixels
  }, [lines, rowPixels, isAtEnd])

  const scrolled = () => {
    const shown = frame.current
    if (!shown) return
    const isEnd = shown.scrollHeight - shown.scrollTop - shown.clientHeight < rowPixels
    isAtEnd.current = isEnd
    if (isEnd) seen.current = lines.at(-1)?.id
    setAway(!isEnd)
    if (shown.scrollTop < 400) onTop()
  }
  useEffect(() => {
    if (isAtEnd.current) seen.current = lines.at(-1)?.id
  }, [lines, isAtEnd])
  const unseen = isAway ? lines.length - 1 - lines.findLastIndex(line => line.id === seen.current) : 0
  const now = new Date()
  const isOld = lines[0] !== undefined && new Date(lines[0].at).toDateString() !== now.toDateString()

  return (
    <div
      className="relative min-h-0 flex-1 overflow-hidden rounded-xl border border-line bg-raised"
      style={{ '--time': isOld ? '9.5rem' : '6.25rem' } as CSSProperties}
      data-list
    >
      <div role="table" aria-label="Log lines" aria-rowcount={-1} className="flex h-full flex-col">
        <div role="rowgroup">
          <div
            role="row"
            tabIndex={-1}
            aria-rowindex={1}
            className={classes(
              'hidden border-b border-l-2 border-line border-l-transparent px-3 py-1.5 text-xs font-medium text-quiet',
              wideGrid,
            )}
          >
            {titles.map(title => (
              <span
                key={title}
                role="columnheader"
                tabIndex={-1}
                className={classes((title === 'Status' || title === 'Took') && 'text-right')}
              >
                {title}
              </span>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          ref={frame}
          onScroll={scrolled}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          className="relative min-h-0 flex-1 overflow-x-hidden overflow-y-auto [overflow-anchor:none] focus-visible:-outline-offset-2"
        >
          <div role="presentation" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
            <div
              role="row"
              tabIndex={-1}
              className="absolute inset-x-0 top-0 flex h-11 items-center justify-center px-3"
            >
              <div role="cell" className="truncate text-[13px] text-quiet">
                {top}
              </div>
            </div>
            {virtual.getVirtualItems().map(item => {
              const line = lines[item.index]
              return (
                line && (
                  <LogRow
                    key={item.key}
                    line={line}
                    index={item.index}
                    now={now}
                    isOpen={String(line.id) === open}
                    style={{ height: rowPixels, transform: `translateY(${item.start}px)` }}
                  />
                )
              )
            })}
          </div>
        </div>
      </div>
      {isAway && (
        <Button
          size="small"
          look={unseen > 0 ? 'primary' : 'plain'}
          icon={<ArrowDown className="size-3.5" />}
          className="absolute bottom-3 left-1/2 -translate-x-1/2 shadow-lg"
          onClick={() => {
            if (frame.current) frame.current.scrollTop = frame.current.scrollHeight
          }}
        >
          {unseen > 0 ? counted(unseen, 'new line') : 'To the newest'}
        </Button>
      )}
    </div>
  )
}
