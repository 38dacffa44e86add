import type { Agent } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Builder } from './build/builder.tsx'
import { isOwn } from './build/draft.ts'
import { NotYours } from './build/not-yours.tsx'
import { useAgent } from './live-version.ts'

const route = getRouteApi('/app/agents/$id/build')

export function BuildTab(): ReactElement {
  const { id } = route.useParams()
  const { part } = route.useSearch()
  const agent = useAgent(id)
  if (agent.data && isOwn(agent.data)) return <Loaded agent={agent.data} part={part} />
  if (agent.data) return <NotYours what="change" />
  if (agent.error) return <ProblemNotice error={agent.error} retry={() => void agent.refetch()} />
  return <Waiting what="the draft" />
}

function Loaded({ agent, part }: { agent: Agent; part: string | undefined }): ReactElement {
  return <Builder key={agent.id} agent={agent} part={part} />
}
