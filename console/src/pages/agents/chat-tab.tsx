import type { AgentView } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { isOwn } from './build/draft.ts'
import { Conversations } from './chat/conversations.tsx'
import { useAgent } from './live-version.ts'

const route = getRouteApi('/app/agents/$id/')

export function ChatTab(): ReactElement {
  const { id } = route.useParams()
  const agent = useAgent(id)
  if (agent.data) return <Loaded agent={agent.data} />
  if (agent.error) return <ProblemNotice error={agent.error} retry={() => void agent.refetch()} />
  return <Waiting what="the agent" />
}

function Loaded({ agent }: { agent: AgentView }): ReactElement {
  if (!agent.is_published && !isOwn(agent))
    return (
      <Notice tone="info">
        Nothing of this agent is published now, so it cannot be asked. Its owner publishes it.
      </Notice>
    )
  return <Conversations key={agent.id} agent={agent} />
}
