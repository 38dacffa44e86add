import type { ReactElement } from 'react'
import { duration } from '../../../ui/format.ts'
import type { Answer } from './predict-once.ts'
import { spreadOf } from './spread.ts'

/** How far the latencies of several calls lie apart: a bar per call in their order, and the three numbers. */
export function LatencySpread({ answers }: { answers: readonly Answer[] }): ReactElement {
  const spread = spreadOf(answers.map(answer => answer.totalMs))
  const cached = answers.filter(answer => answer.isCached).length
  const said = `${answers.length} calls: fastest ${duration(spread.min)}, median ${duration(spread.median)}, slowest ${duration(spread.max)}.`
  const y = (value: number) => 60 - (value / spread.max) * 56
  const width = 400 / answers.length
  return (
    <section aria-label="Latency of the calls" className="mt-5 border-t border-line pt-4">
      <h3 className="mb-2 text-[13px] font-medium text-quiet">
        Latency of {answers.length} calls, {cached === 0 ? 'none' : cached} from the cache
      </h3>
      <svg
        viewBox="0 0 400 60"
        preserveAspectRatio="none"
        role="img"
        aria-label={said}
        className="h-20 w-full max-w-2xl"
      >
        {answers.map((answer, at) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is what a call is known by
            key={at}
            x={at * width + width * 0.12}
            width={width * 0.76}
            y={y(answer.totalMs)}
            height={60 - y(answer.totalMs)}
            fill={answer.isCached ? 'var(--series-2)' : 'var(--bar)'}
          >
            <title>{`Call ${at + 1}: ${duration(answer.totalMs)}${answer.isCached ? ', from the cache' : ''}`}</title>
          </rect>
        ))}
        <line
          x1={0}
          x2={400}
          y1={y(spread.median)}
          y2={y(spread.median)}
          stroke="var(--accent)"
          strokeWidth={1.5}
          strokeDasharray="5 4"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <dl className="mt-2 flex flex-wrap gap-x-6 gap-y-1 text-sm tabular">
        {[
          ['Fastest', spread.min],
          ['Median', spread.median],
          ['Slowest', spread.max],
        ].map(([name, value]) => (
          <div key={name} className="flex gap-2">
            <dt className="text-quiet">{name}</dt>
            <dd className="font-medium">{duration(Number(value))}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
