import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactElement, useCallback, useMemo, useRef } from 'react'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { counted } from '../../ui/format.ts'
import { SearchField } from '../../ui/search-field.tsx'
import type { RunStory } from './span-payload.ts'
import type { TreeSpan } from './span-tree.ts'
import { splitAtMatches } from './split-at-matches.ts'
import { traceText } from './trace-text.ts'

const route = getRouteApi('/app/runs/$id')

/** The whole trace as one text that can be searched and copied. */
export function TraceText({ tree, story }: { tree: readonly TreeSpan[]; story: RunStory }): ReactElement {
  const { q = '' } = route.useSearch()
  const navigate = useNavigate({ from: '/runs/$id' })
  const text = useMemo(() => traceText(tree, story), [tree, story])
  const parts = useMemo(() => splitAtMatches(text, q), [text, q])
  const found = Math.floor(parts.length / 2)
  const box = useRef<HTMLPreElement>(null)
  const at = useRef(-1)
  const find = useCallback(
    (next: string) => {
      at.current = -1
      void navigate({ search: before => ({ ...before, q: next || undefined }), replace: true })
    },
    [navigate],
  )
  const goToNext = () => {
    const marks = [...(box.current?.querySelectorAll('mark') ?? [])]
    for (const mark of marks) delete mark.dataset.here
    at.current = (at.current + 1) % marks.length
    const mark = marks[at.current]
    if (!mark) return
    mark.dataset.here = ''
    mark.scrollIntoView({ block: 'center' })
  }
  return (
    <div>
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <SearchField label="Search in the trace" value={q} onChange={find} />
        <span role="status" className="text-[13px] text-quiet">
          {q !== '' && counted(found, 'match', 'matches')}
        </span>
        {found > 0 && (
          <Button size="small" onClick={goToNext}>
            Next match
          </Button>
        )}
        <span className="ml-auto flex items-center text-[13px] text-quiet">
          Copy all <CopyButton text={text} label="the whole trace" />
        </span>
      </div>
      <section
        aria-label="Trace as text"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-[75dvh] overflow-auto rounded-xl border border-line bg-raised p-4"
      >
        <pre
          ref={box}
          className="font-mono text-[13px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]"
        >
          {parts.map((part, index) =>
            index % 2 === 0 ? (
              part
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: a text has no other names for its parts
              <mark key={index} className="rounded-sm bg-warn-wash text-ink outline-warn data-here:outline-2">
                {part}
              </mark>
            ),
          )}
        </pre>
      </section>
    </div>
  )
}
