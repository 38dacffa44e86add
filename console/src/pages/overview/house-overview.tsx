import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'
import { FailuresCard } from './failures-card.tsx'
import { FirstSteps } from './first-steps.tsx'
import { HouseNumbers } from './house-numbers.tsx'
import { ModelsCard } from './models-card.tsx'
import { PartsStrip } from './parts-strip.tsx'

/** A sample comes every 15 seconds. */
const refetchInterval = 15_000

export function HouseOverview(): ReactElement {
  const overview = useApi(['health', 'overview'], (client, options) => client.admin.overview(options), {
    refetchInterval,
  })
  const stats = useApi(['usage', 'stats'], (client, options) => client.admin.stats(options))
  const { data, error } = overview
  if (!data)
    return (
      <Page title="Overview">
        {error ? (
          <ProblemNotice error={error} retry={() => void overview.refetch()} />
        ) : (
          <Waiting what="how things stand" />
        )}
      </Page>
    )
  const troubled = data.parts.filter(({ state }) => state !== 'healthy')
  const worst = troubled.some(({ state }) => state === 'unavailable') ? 'bad' : 'warn'
  return (
    <Page
      title="Overview"
      facts={
        troubled.length === 0 ? (
          <State tone="good">all is well</State>
        ) : (
          <State tone={worst}>
            {troubled.length === 1 ? '1 part needs' : `${troubled.length} parts need`} attention
          </State>
        )
      }
      about={
        <>
          Roundhouse {data.version}, {data.environment}, started <Ago at={data.started_at} />
        </>
      }
      actions={<CopyAsCurl call={overview.call} />}
    >
      {error && (
        <div className="mb-6">
          <ProblemNotice error={error} retry={() => void overview.refetch()} />
        </div>
      )}
      <FirstSteps
        sampleId={data.models.find(({ name }) => name === 'digits')?.id}
        hasTried={(data.predictions_per_minute ?? 0) > 0 || (stats.data?.predictions_24h ?? 1) > 0}
        hasModel={data.models.some(({ name }) => name !== 'digits') || (stats.data?.models ?? 2) > 1}
      />
      <PartsStrip parts={data.parts} />
      <HouseNumbers overview={data} />
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
        <FailuresCard failures={data.failures} />
        <ModelsCard models={data.models} />
      </div>
    </Page>
  )
}
