import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { CopyButton } from '../../../ui/copy.tsx'
import { credits, duration } from '../../../ui/format.ts'
import { State } from '../../../ui/state.tsx'
import type { Answer } from './predict-once.ts'

/** What an answer took and cost, and where its story is. */
export function AnswerFacts({ answer, price }: { answer: Answer; price: number }): ReactElement {
  const { totalMs, inferenceMs, isCached, requestId } = answer
  const facts: [string, ReactNode][] = [
    ['In all', duration(totalMs)],
    ['Inference', isCached ? 'none' : duration(inferenceMs)],
    [
      'Cache',
      isCached ? (
        <State tone="info" key="cache">
          from the cache
        </State>
      ) : (
        'not used'
      ),
    ],
    ['Charged', price === 0 ? 'free' : credits(price)],
  ]
  return (
    <dl className="mt-5 flex flex-wrap items-center gap-x-6 gap-y-2 border-t border-line pt-4 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="flex items-center gap-2">
          <dt className="text-quiet">{name}</dt>
          <dd className="font-medium tabular">{value}</dd>
        </div>
      ))}
      {requestId !== null && (
        <div className="flex min-w-0 items-center gap-2">
          <dt className="text-quiet">Request</dt>
          <dd className="flex min-w-0 items-center">
            <Link
              to="/requests/$id"
              params={{ id: requestId }}
              className="truncate font-mono text-[13px] underline underline-offset-2"
            >
              {requestId}
            </Link>
            <CopyButton text={requestId} label="request id" />
          </dd>
        </div>
      )}
    </dl>
  )
}
