import type { Agent } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Terminal } from 'lucide-react'
import type { ReactElement } from 'react'
import { openAiSnippet, runSnippet } from '../../../agent/agent-snippets.ts'
import { buttonLook } from '../../../ui/button.tsx'
import { CodeBlock } from '../../../ui/copy.tsx'
import { LanguageTabs } from '../../../ui/language-tabs.tsx'
import { WayCard } from './way-card.tsx'

const route = getRouteApi('/app/agents/$id/publish')

export function ApiCard({ agent }: { agent: Agent }): ReactElement {
  const { as = 'curl' } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <WayCard
      title="API"
      icon={<Terminal aria-hidden="true" className="size-4 text-quiet" />}
      about={
        <>
          With a key that has the scope <code className="font-mono">agents</code>, as{' '}
          <code className="font-mono">ROUNDHOUSE_KEY</code>.
        </>
      }
      actions={
        <Link to="/keys" className={buttonLook('plain', 'small')}>
          Make a key
        </Link>
      }
    >
      <div className="grid grid-cols-1 gap-2">
        <LanguageTabs
          language={as}
          onChange={language =>
            void navigate({ search: before => ({ ...before, as: language }), replace: true })
          }
        />
        <h3 className="text-[13px] font-medium">An answer that comes as events</h3>
        <CodeBlock label={`call as ${as}`} code={runSnippet(as, location.origin, agent.id)} />
        <h3 className="mt-2 text-[13px] font-medium">
          Clients of OpenAI's API: the model is <code className="font-mono">agent:{agent.slug}</code>
        </h3>
        <CodeBlock
          label={`call by OpenAI's API as ${as}`}
          code={openAiSnippet(as, location.origin, agent.slug)}
        />
      </div>
    </WayCard>
  )
}
