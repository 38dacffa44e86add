import type { Model } from '@roundhouse/sdk'
import { type ReactElement, useMemo } from 'react'
import { labelsOf } from '../../../predict/labels.ts'
import { resultView } from '../../../predict/result.ts'
import { classes } from '../../../ui/class-names.ts'
import { duration } from '../../../ui/format.ts'
import { AnswerFacts } from './answer-facts.tsx'
import { LatencySpread } from './latency-spread.tsx'
import { Mount } from './mount.tsx'
import type { Runs } from './use-runs.ts'

/** The newest answer; it stays while the next is asked for. */
export function ResultCard({
  model,
  runs,
  isStale,
}: {
  model: Model
  runs: Runs
  isStale: boolean
}): ReactElement {
  const answer = runs.answers.at(-1)
  const outputs = answer?.outputs
  const node = useMemo(
    () => outputs && resultView(outputs, labelsOf(model.metadata)),
    [outputs, model.metadata],
  )
  if (!answer || !node)
    return (
      <div className="predict">
        <div className="head">
          <h2>Result</h2>
        </div>
        <p className="text-sm text-quiet">
          {runs.running > 0 ? 'Running…' : 'Press Run: what is filled in is an example.'}
        </p>
      </div>
    )
  return (
    <>
      <Mount node={node} className={classes((isStale || runs.error !== null) && 'opacity-50')} />
      {isStale && <p className="mt-3 text-[13px] text-quiet">The inputs have changed since this answer.</p>}
      <AnswerFacts answer={answer} price={model.price} />
      {runs.answers.length > 1 && <LatencySpread answers={runs.answers} />}
      <p role="status" className="sr-only">
        {runs.running === 0 &&
          `Answered in ${duration(answer.totalMs)}${answer.isCached ? ', from the cache' : ''}.`}
      </p>
    </>
  )
}
