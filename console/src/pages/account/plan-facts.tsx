import type { Plan } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { bytes, count } from '../../ui/format.ts'
import { Facts } from '../../ui/page.tsx'

/** What a plan allows; null is no limit. */
export function PlanFacts({ plan }: { plan: Plan }): ReactElement {
  const upTo = (limit: number | null, words: (value: number) => string) =>
    limit === null ? 'no limit' : words(limit)
  return (
    <Facts
      facts={[
        ['Requests a minute', upTo(plan.requests_per_minute, count)],
        ['Requests an hour', upTo(plan.requests_per_hour, count)],
        ['Runs at a time', upTo(plan.concurrent_runs, count)],
        ['Model versions', upTo(plan.max_models, count)],
        ['Model storage', upTo(plan.max_model_bytes, bytes)],
        ['File storage', upTo(plan.max_file_bytes, bytes)],
        ['Credits a month', plan.monthly_credits === 0 ? 'none' : count(plan.monthly_credits)],
      ]}
    />
  )
}
