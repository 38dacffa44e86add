import type { AgentView } from '@roundhouse/sdk'
import { isOwn } from '../build/draft.ts'

/** Something to begin with. The demo calls a tool when it is told to, by its name. */
export function suggestionsFor(agent: AgentView): string[] {
  if (!isOwn(agent)) return ['What can you do?']
  const tool = agent.tools.find(one => one.type === 'time')
  const name = tool?.name ?? tool?.type
  const isDemo = agent.model === 'demo' || agent.model.startsWith('demo/')
  return ['Hello', ...(isDemo && name !== undefined ? [`Please call ${name}`] : ['What can you do?'])]
}
