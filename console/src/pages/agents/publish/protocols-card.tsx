import type { Agent } from '@roundhouse/sdk'
import { Plug } from 'lucide-react'
import type { ReactElement } from 'react'
import { agUiSnippet, mcpConfig, mcpToolName } from '../../../agent/agent-snippets.ts'
import { CodeBlock } from '../../../ui/copy.tsx'
import { WayCard } from './way-card.tsx'

export function ProtocolsCard({ agent }: { agent: Agent }): ReactElement {
  return (
    <WayCard
      title="MCP and AG-UI"
      icon={<Plug aria-hidden="true" className="size-4 text-quiet" />}
      about={
        <>
          Clients of the Model Context Protocol, such as editors and other agents, find it as the tool{' '}
          <code className="font-mono">{mcpToolName(agent.slug)}</code>, beside your other agents and models.
        </>
      }
    >
      <div className="grid grid-cols-1 gap-2">
        <h3 className="text-[13px] font-medium">MCP client</h3>
        <CodeBlock label="configuration of an MCP client" code={mcpConfig(location.origin)} />
        <h3 className="mt-2 text-[13px] font-medium">Front ends that speak AG-UI</h3>
        <CodeBlock label="AG-UI client" code={agUiSnippet(location.origin, agent.id)} />
      </div>
    </WayCard>
  )
}
