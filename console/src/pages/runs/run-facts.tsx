import type { Run, RunSpan } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { useIsAdmin, useMe } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { count, credits, duration, shortId } from '../../ui/format.ts'
import { Stat, Stats } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'
import { places, tookMs } from './run-words.ts'
import { lengthMs, type TreeSpan } from './span-tree.ts'

const link = 'underline decoration-edge underline-offset-2 hover:decoration-ink'

/** What a run was, whose, and what it took. */
export function RunFacts({ run, tree }: { run: Run; tree: readonly TreeSpan[] }): ReactElement {
  const agent = useApi(['agents', run.agent_id], (client, options) =>
    client.agents.get(run.agent_id, options),
  )
  const children = useApi(['runs', run.id, 'children'], (client, options) =>
    client.runs.list({ ...options, parent_run_id: run.id, limit: 20 }),
  )
  const models = [...new Set(tree.filter(({ kind }) => kind === 'llm').map(({ name }) => name))]
  const ms = run.finished_at === null ? tookMs(run, Date.now()) : lengthMs(tree, 0)
  const { usage, credits: paid } = run.finished_at === null ? soFar(tree) : run
  return (
    <>
      <Stats>
        <Stat
          label="Took"
          value={ms === undefined ? 'Not begun' : duration(ms)}
          hint={
            <>
              begun <Ago at={run.created_at} />
            </>
          }
        />
        <Stat
          label="First token"
          value={run.time_to_first_token_ms === null ? '–' : duration(run.time_to_first_token_ms)}
          hint={models.join(', ') || 'no model asked'}
        />
        <Stat
          label={usage.estimated ? 'Tokens, estimated' : 'Tokens'}
          value={count(usage.input_tokens + usage.output_tokens)}
          hint={`${count(usage.input_tokens)} in, ${count(usage.output_tokens)} out`}
        />
        <Stat label="Credits" value={count(paid)} hint={run.finished_at === null ? 'so far' : 'paid'} />
        <Stat
          label="Class"
          value={places[run.mode].word}
          hint={run.attempt === 1 ? places[run.mode].about : `attempt ${run.attempt}`}
        />
      </Stats>
      <dl className="mb-6 flex flex-wrap gap-x-8 gap-y-2 text-sm">
        <Fact name="Agent">
          <Link to="/agents/$id" params={{ id: run.agent_id }} className={link}>
            {agent.data?.name ?? run.agent_id}
          </Link>{' '}
          <span className="text-quiet">
            {run.agent_version === null ? 'draft' : `version ${run.agent_version}`}
          </span>
        </Fact>
        <Fact name="Asked by">
          <Owner id={run.owner_id} />
        </Fact>
        {run.thread_id !== null && (
          <Fact name="Conversation">
            <Link
              to="/agents/$id"
              params={{ id: run.agent_id }}
              search={{ thread: run.thread_id }}
              className={link}
            >
              {shortId(run.thread_id)}
            </Link>
          </Fact>
        )}
        {run.request_id !== null && (
          <Fact name="Request">
            <Link
              to="/requests/$id"
              params={{ id: run.request_id }}
              className={`${link} font-mono text-[13px]`}
            >
              {run.request_id}
            </Link>
          </Fact>
        )}
        {run.parent_run_id !== null && (
          <Fact name="Begun by run">
            <Link to="/runs/$id" params={{ id: run.parent_run_id }} className={link}>
              {shortId(run.parent_run_id)}
            </Link>
          </Fact>
        )}
        {children.data && children.data.data.length > 0 && (
          <Fact name="Its tools began">
            {children.data.data.map((child, index) => (
              <span key={child.id}>
                {index > 0 && ', '}
                <Link to="/runs/$id" params={{ id: child.id }} className={link}>
                  run {shortId(child.id)}
                </Link>{' '}
                <span className="text-quiet">
                  {child.status}, {credits(child.credits)}
                </span>
              </span>
            ))}
          </Fact>
        )}
      </dl>
    </>
  )
}

/** The totals of a run are told at its end; until then they are those of its spans. */
function soFar(tree: readonly TreeSpan[]): Pick<Run, 'usage' | 'credits'> {
  const parts = tree.flatMap(({ kind, span }) => (kind !== 'run' && span ? [span] : []))
  const sum = (pick: (span: RunSpan) => number) => parts.reduce((total, span) => total + pick(span), 0)
  return {
    usage: {
      input_tokens: sum(span => span.usage?.input_tokens ?? 0),
      output_tokens: sum(span => span.usage?.output_tokens ?? 0),
      estimated: parts.some(span => span.usage?.estimated),
    },
    credits: sum(span => span.credits),
  }
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div className="flex min-w-0 flex-wrap gap-x-2">
      <dt className="text-quiet">{name}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </div>
  )
}

function Owner({ id }: { id: string | null }): ReactElement {
  const me = useMe()
  const isAdmin = useIsAdmin()
  if (id === null) return <>this server</>
  if (id === me.id) return <>you</>
  if (!isAdmin) return <>{shortId(id)}</>
  return (
    <Link to="/users/$id" params={{ id }} className={link}>
      user {id.slice(0, 8)}
    </Link>
  )
}
