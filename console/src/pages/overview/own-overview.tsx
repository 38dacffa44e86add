import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useMe } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { count, credits } from '../../ui/format.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { FirstSteps } from './first-steps.tsx'
import { NumberCard } from './number-card.tsx'
import { WorkCard } from './work-card.tsx'

const most = 100

/** What is the caller's own: models, agents, runs, jobs and credits. */
export function OwnOverview(): ReactElement {
  const me = useMe()
  const models = useApi(['models', 'overview'], (client, options) =>
    client.models.list({ limit: most, ...options }),
  )
  const agents = useApi(['agents', 'overview'], (client, options) =>
    client.agents.list({ limit: most, ...options }),
  )
  const account = useApi(['credits', 'overview'], (client, options) => client.credits.get(options))
  const runs = useApi(['runs', 'overview'], (client, options) => client.runs.list({ limit: 8, ...options }))
  const jobs = useApi(['jobs', 'overview'], (client, options) => client.jobs.list({ limit: 8, ...options }))
  const sample = models.data?.data.find(({ name, owner_id }) => name === 'digits' && owner_id === null)
  const tried = useApi(
    ['predictions', sample?.id, 'any'],
    (client, options) => client.models.predictions(sample?.id ?? '', { limit: 1, ...options }),
    { enabled: sample !== undefined },
  )
  const failed = [models, agents, account, runs, jobs].find(({ error }) => error)
  const own = models.data?.data.filter(({ owner_id }) => owner_id === me.id) ?? []
  const ownAgents = agents.data?.data.filter(agent => 'owner_id' in agent && agent.owner_id === me.id) ?? []
  const { balance = 0, held = 0 } = account.data ?? {}
  return (
    <Page
      title="Overview"
      about={me.name === null ? undefined : `Welcome, ${me.name}. This is what is yours.`}
    >
      {failed ? (
        <ProblemNotice error={failed.error} retry={() => void failed.refetch()} />
      ) : !models.data || !agents.data || !runs.data || !jobs.data || !account.data ? (
        <Waiting what="what is yours" />
      ) : (
        <>
          <FirstSteps
            sampleId={sample?.id}
            hasTried={sample === undefined || (tried.data?.data.length ?? 1) > 0}
            hasModel={own.length > 0}
          />
          <dl aria-label="Numbers" className="mb-4 grid grid-cols-2 md:grid-cols-3 gap-3">
            <NumberCard
              label="Credits"
              value={count(balance)}
              hint={held > 0 ? `${credits(held)} held for work under way` : `plan ${me.plan.name}`}
              link={{ to: '/account' }}
            />
            <NumberCard
              label="Your models"
              value={many(own.length, models.data.next_cursor)}
              hint={`${own.filter(({ status }) => status === 'ready').length} ready`}
              link={{ to: '/models' }}
            />
            <NumberCard
              label="Your agents"
              value={many(ownAgents.length, agents.data.next_cursor)}
              hint={`${agents.data.data.length - ownAgents.length} more shared with you`}
              link={{ to: '/agents' }}
            />
          </dl>
          <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
            <WorkCard
              title="Last runs"
              empty="Runs of agents are listed here. Ask one to see its first."
              items={runs.data.data.map(run => ({
                id: run.id,
                link: { to: '/runs/$id', params: { id: run.id } },
                label: run.output ?? run.error?.detail ?? 'No answer yet',
                state: run.status,
                reason: run.error?.detail ?? null,
                at: run.created_at,
              }))}
              all={<Link to="/runs">All runs</Link>}
            />
            <WorkCard
              title="Last jobs"
              empty="Predictions in the background, batches and tasks are listed here."
              items={jobs.data.data.map(job => ({
                id: job.id,
                link: { to: '/jobs/$id', params: { id: job.id } },
                label: job.kind,
                state: job.status,
                reason: job.error?.detail ?? null,
                at: job.created_at,
              }))}
              all={<Link to="/jobs">All jobs</Link>}
            />
          </div>
        </>
      )}
    </Page>
  )
}

/** There may be more than were asked for. */
function many(known: number, cursor: string | null): string {
  return cursor === null ? count(known) : `${count(known)} or more`
}
