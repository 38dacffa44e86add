import { Link } from '@tanstack/react-router'
import { Bot, type LucideIcon, MessageSquareText, Wrench } from 'lucide-react'
import type { ReactElement } from 'react'
import { classes } from '../../ui/class-names.ts'
import { duration } from '../../ui/format.ts'
import type { TreeSpan, takeOvers } from './span-tree.ts'

/** Room behind the time axis, for how long the last spans took. Beside a chat there is none. */
export const roomBehind = 'mr-16'

/** What all rows of a timeline share. */
export type AxisFacts = {
  totalMs: number
  ticks: readonly number[]
  marks: ReturnType<typeof takeOvers>
  columns: string
  narrow: boolean
}

const icons: Record<TreeSpan['kind'], LucideIcon> = { run: Bot, llm: MessageSquareText, tool: Wrench }
const kinds: Record<TreeSpan['kind'], string> = { run: 'Run', llm: 'Model', tool: 'Tool' }
const bars: Record<TreeSpan['kind'], string> = {
  run: 'bg-edge/60',
  llm: 'bg-[var(--series-2)]',
  tool: 'bg-[var(--series-5)]',
}

/** A span: its name at its depth, and a bar where it was. */
export function SpanRow({
  span,
  index,
  runId,
  axis,
  isOpen,
}: {
  span: TreeSpan
  index: number
  runId: string
  axis: AxisFacts
  isOpen: boolean
}): ReactElement {
  const { marks, narrow, columns } = axis
  const Icon = icons[span.kind]
  const mark =
    span.kind !== 'run' && marks.find(one => one.attempt === span.attempt && one.atMs === span.startMs)
  return (
    <li
      data-index={index}
      className={classes(
        'relative grid gap-y-1 border-b border-line/50 px-3 py-1.5 last:border-0 has-[a:focus-visible]:bg-wash',
        columns,
        isOpen ? 'bg-wash' : 'hover:bg-sunken/60',
      )}
    >
      <div
        className="flex min-w-0 items-center gap-2 pr-3"
        style={{ paddingLeft: `${span.depth * (narrow ? 0.6 : 1)}rem` }}
      >
        <Icon aria-hidden="true" className="size-3.5 shrink-0 text-quiet" />
        <Link
          to="/runs/$id"
          params={{ id: runId }}
          search={{ span: span.id }}
          replace={!narrow}
          resetScroll={narrow}
          aria-current={isOpen ? 'true' : undefined}
          className="truncate font-medium after:absolute after:inset-0 focus-visible:outline-none"
        >
          <span className="sr-only">{`Level ${span.depth + 1}, ${kinds[span.kind]} `}</span>
          {span.name}
        </Link>
        <StateWord state={span.state} />
        {mark && (
          <span className="shrink-0 rounded-full bg-warn-wash px-1.5 text-xs text-warn">
            attempt {mark.attempt}
          </span>
        )}
      </div>
      <Bar span={span} axis={axis} />
    </li>
  )
}

function Bar({
  span,
  axis: { totalMs, ticks, marks, narrow },
}: {
  span: TreeSpan
  axis: AxisFacts
}): ReactElement {
  const left = (ms: number) => `${(ms / totalMs) * 100}%`
  const tookMs = (span.endMs ?? totalMs) - span.startMs
  return (
    <div className={classes('relative h-5', !narrow && roomBehind)}>
      {ticks.map(at => (
        <span
          key={at}
          aria-hidden="true"
          className="absolute inset-y-[-0.4rem] w-px bg-line/60"
          style={{ left: left(at) }}
        />
      ))}
      {marks.map(({ attempt, atMs }) => (
        <span
          key={attempt}
          aria-hidden="true"
          className="absolute inset-y-[-0.4rem] border-l border-dashed border-warn"
          style={{ left: left(atMs) }}
        />
      ))}
      <span
        aria-hidden="true"
        className={classes(
          'absolute top-1 h-3 min-w-[3px] rounded-sm',
          span.state === 'failed' ? 'bg-bad' : span.state === 'waiting' ? 'bg-warn' : bars[span.kind],
          span.endMs === null && 'animate-pulse',
        )}
        style={{ left: `min(${left(span.startMs)}, calc(100% - 3px))`, width: left(tookMs) }}
      />
      <Took startMs={span.startMs} tookMs={tookMs} totalMs={totalMs} hasRoomBehind={!narrow} />
    </div>
  )
}

/** The time stands behind its bar or, where there is no room, before or within it. */
function Took({
  startMs,
  tookMs,
  totalMs,
  hasRoomBehind,
}: {
  startMs: number
  tookMs: number
  totalMs: number
  hasRoomBehind: boolean
}): ReactElement {
  const start = startMs / totalMs
  const end = (startMs + tookMs) / totalMs
  const place = hasRoomBehind || end < 0.75 ? 'behind' : start > 0.25 ? 'before' : 'within'
  const style = {
    behind: { left: `calc(${end * 100}% + 0.4rem)` },
    before: { right: `calc(${(1 - start) * 100}% + 0.4rem)` },
    within: { right: '0.3rem' },
  }[place]
  return (
    <span
      className={classes(
        'absolute top-0.5 text-xs whitespace-nowrap tabular',
        place === 'within' ? 'rounded bg-raised/90 px-1 text-ink' : 'text-quiet',
      )}
      style={style}
    >
      <span className="sr-only">{`begins after ${duration(startMs)}, takes `}</span>
      {duration(tookMs)}
    </span>
  )
}

function StateWord({ state }: { state: TreeSpan['state'] }): ReactElement | null {
  if (state === 'done') return null
  const look = {
    running: 'bg-info-wash text-info',
    waiting: 'bg-warn-wash text-warn',
    failed: 'bg-bad-wash text-bad',
  }[state]
  return <span className={classes('shrink-0 rounded-full px-1.5 text-xs', look)}>{state}</span>
}
