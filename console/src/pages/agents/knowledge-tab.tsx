import type { Agent, Collection } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { buttonLook } from '../../ui/button.tsx'
import { counted } from '../../ui/format.ts'
import { Empty, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { isOwn } from './build/draft.ts'
import { NotYours } from './build/not-yours.tsx'
import { AttachCollection } from './knowledge/attach-collection.tsx'
import { attachedTools, collectionNamed } from './knowledge/attached.ts'
import { AttachedCollection } from './knowledge/attached-collection.tsx'
import { useAgent } from './live-version.ts'

const route = getRouteApi('/app/agents/$id/knowledge')

export function KnowledgeTab(): ReactElement {
  const { id } = route.useParams()
  const agent = useAgent(id)
  const collections = useApi(['collections', 'all'], async (client, options) => {
    const { data } = await client.knowledge.list({ ...options, limit: 200 })
    return data
  })
  const error = agent.error ?? collections.error
  if (error)
    return (
      <ProblemNotice
        error={error}
        retry={() => {
          void agent.refetch()
          void collections.refetch()
        }}
      />
    )
  if (!agent.data || !collections.data) return <Waiting what="the collections" />
  if (!isOwn(agent.data)) return <NotYours what="change" />
  return <Loaded agent={agent.data} collections={collections.data} />
}

function Loaded({ agent, collections }: { agent: Agent; collections: readonly Collection[] }): ReactElement {
  const attached = attachedTools(agent)
  return (
    <>
      <Section
        title="Collections this agent searches"
        about="Each is a tool of the draft: attaching and detaching changes the draft at once, and what is live when it is published. A search has the rights of whoever runs the agent."
        actions={<AttachCollection agent={agent} collections={collections} />}
      >
        {attached.length === 0 ? (
          <Empty title="No collection is attached">
            Attach one above, or make a new one: the agent then answers from its documents and cites them.
          </Empty>
        ) : (
          <div className="grid items-start gap-4 xl:grid-cols-2">
            {attached.map(({ tool, index }) => (
              <AttachedCollection
                key={index}
                agent={agent}
                index={index}
                named={tool.collection}
                collection={collectionNamed(collections, tool.collection)}
              />
            ))}
          </div>
        )}
      </Section>
      <Section
        title="Texts below the prompt"
        about="Short facts that the model is always told."
        actions={
          <Link
            to="/agents/$id/build"
            params={{ id: agent.id }}
            search={{ part: 'prompt' }}
            className={buttonLook('plain', 'small')}
          >
            Change the texts
          </Link>
        }
      >
        <p className="text-sm text-quiet">
          {agent.knowledge.length === 0
            ? 'None.'
            : `${counted(agent.knowledge.length, 'text')} in the draft.`}
        </p>
      </Section>
    </>
  )
}
