import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { isOwn } from './build/draft.ts'
import { NotYours } from './build/not-yours.tsx'
import { useAgent } from './live-version.ts'
import { ApiCard } from './publish/api-card.tsx'
import { PageCard } from './publish/page-card.tsx'
import { ProtocolsCard } from './publish/protocols-card.tsx'
import { PublishDraft } from './publish/publish-draft.tsx'
import { Versions } from './publish/versions.tsx'
import { WidgetCard } from './publish/widget-card.tsx'

const route = getRouteApi('/app/agents/$id/publish')

export function PublishTab(): ReactElement {
  const { id } = route.useParams()
  const agent = useAgent(id)
  if (agent.error) return <ProblemNotice error={agent.error} retry={() => void agent.refetch()} />
  if (!agent.data) return <Waiting what="the agent" />
  if (!isOwn(agent.data)) return <NotYours what="publish" />
  return (
    <>
      <PublishDraft agent={agent.data} />
      <div className="mb-8 grid grid-cols-1 items-start gap-5 xl:grid-cols-2">
        <div className="grid grid-cols-1 gap-5">
          <PageCard agent={agent.data} />
          <ApiCard agent={agent.data} />
        </div>
        <div className="grid grid-cols-1 gap-5">
          <WidgetCard agent={agent.data} />
          <ProtocolsCard agent={agent.data} />
        </div>
      </div>
      <Versions agent={agent.data} />
    </>
  )
}
