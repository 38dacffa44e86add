import type { AgentView } from '@roundhouse/sdk'
import { getRouteApi, Outlet } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Page, TabBar, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { compareConfigs } from './build/compare.ts'
import { isOwn } from './build/draft.ts'
import { useAgent, useLiveVersion } from './live-version.ts'

const route = getRouteApi('/app/agents/$id')
const crumbs = [{ label: 'Agents', link: { to: '/agents' } }] as const

export function AgentPage(): ReactElement {
  const { id } = route.useParams()
  const agent = useAgent(id)
  if (!agent.data)
    return (
      <Page title="Agent" crumbs={crumbs}>
        {agent.error ? (
          <ProblemNotice error={agent.error} retry={() => void agent.refetch()} />
        ) : (
          <Waiting what="the agent" />
        )}
      </Page>
    )
  const { name, description } = agent.data
  const params = { id }
  const tabs = [
    { label: 'Chat', link: { to: '/agents/$id', params } },
    { label: 'Build', link: { to: '/agents/$id/build', params } },
    { label: 'Runs', link: { to: '/agents/$id/runs', params } },
    { label: 'Publish', link: { to: '/agents/$id/publish', params } },
    { label: 'Knowledge', link: { to: '/agents/$id/knowledge', params } },
  ] as const
  return (
    <Page
      title={name}
      crumbs={crumbs}
      {...(description !== null && { about: description })}
      facts={
        <>
          <AgentState agent={agent.data} />
          <Identifier value={id} label="agent id" short />
        </>
      }
      actions={<CopyAsCurl call={agent.call} />}
      tabs={<TabBar label="Parts of the agent" tabs={tabs} />}
    >
      <Outlet />
    </Page>
  )
}

/** What answers, and whether the draft would answer otherwise. */
function AgentState({ agent }: { agent: AgentView }): ReactElement {
  const live = useLiveVersion(agent)
  const differs = isOwn(agent) && live.data && compareConfigs(live.data.config, agent).length > 0
  if (!agent.is_published) return <State tone="none">draft</State>
  return (
    <>
      <State tone="good">live, version {agent.published_version}</State>
      {differs && (
        <State tone="warn" title="What was changed since is not answered with before it is published.">
          draft differs from live
        </State>
      )}
    </>
  )
}
