import type { ReactElement } from 'react'
import { classes } from '../../ui/class-names.ts'
import { duration } from '../../ui/format.ts'
import { ticksOf } from './axis.ts'
import { type AxisFacts, roomBehind, SpanRow } from './span-row.tsx'
import { type TreeSpan, takeOvers } from './span-tree.ts'

export type SpanTimelineProps = {
  runId: string
  tree: readonly TreeSpan[]
  totalMs: number
  /** Id of the span that is open. */
  open?: string | undefined
  /** Beside a chat: names and times take less room. */
  narrow?: boolean
}

/** The tree of a run's spans, and on one axis when each of them was: those at the same time lie under each other. */
export function SpanTimeline({
  runId,
  tree,
  totalMs,
  open,
  narrow = false,
}: SpanTimelineProps): ReactElement {
  const axis: AxisFacts = {
    totalMs,
    ticks: ticksOf(totalMs, narrow ? 2 : 5),
    marks: takeOvers(tree),
    columns: narrow
      ? 'grid-cols-[minmax(0,1fr)_minmax(5rem,0.8fr)]'
      : 'sm:grid-cols-[minmax(12rem,0.8fr)_minmax(0,1fr)]',
    narrow,
  }
  return (
    <div className="rounded-xl border border-line bg-raised text-sm">
      <div
        aria-hidden="true"
        className={classes('grid border-b border-line px-3 py-1.5 text-xs text-quiet', axis.columns)}
      >
        <span>Span</span>
        <span className={classes('relative h-4', !narrow && `${roomBehind} max-sm:mt-1`)}>
          {axis.ticks.map(at => (
            <span
              key={at}
              className={classes(
                'absolute whitespace-nowrap tabular',
                at > 0 && (narrow && at / totalMs > 0.9 ? '-translate-x-full' : '-translate-x-1/2'),
              )}
              style={{ left: `${(at / totalMs) * 100}%` }}
            >
              {at === 0 ? '0' : duration(at)}
            </span>
          ))}
        </span>
      </div>
      <ol aria-label="Spans" data-list>
        {tree.map((span, index) => (
          <SpanRow
            key={span.id}
            runId={runId}
            span={span}
            index={index}
            axis={axis}
            isOpen={span.id === open}
          />
        ))}
      </ol>
    </div>
  )
}
