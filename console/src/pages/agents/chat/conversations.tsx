import type { AgentView } from '@roundhouse/sdk'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { lazy, type ReactElement, Suspense, useState } from 'react'
import { randomId } from '../../../chat/chat-server.ts'
import type { Conversation } from '../../../chat/conversation.ts'
import { Button } from '../../../ui/button.tsx'
import { Waiting } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { useMedia } from '../../../ui/use-media.ts'
import { isOwn } from '../build/draft.ts'
import { ChatPane } from './chat-pane.tsx'
import { suggestionsFor } from './suggestions.ts'
import { ThreadList } from './thread-list.tsx'
import { useThread } from './use-thread.ts'
import { VersionChoice } from './version-choice.tsx'

const route = getRouteApi('/app/agents/$id/')
const NewestRun = lazy(async () => ({ default: (await import('./newest-run.tsx')).NewestRun }))

/** Conversations at the left, the chat, and on wide screens what its newest answer did. */
export function Conversations({ agent }: { agent: AgentView }): ReactElement {
  const { thread, version } = route.useSearch()
  const navigate = useNavigate({ from: '/agents/$id' })
  const [fresh, setFresh] = useState(randomId)
  const [runId, setRunId] = useState<string>()
  // Room for a third column: what would not be seen is not asked for either.
  const isWide = useMedia('(min-width: 80rem)')
  const id = thread ?? fresh
  const kept = useThread(id, id !== fresh)
  const asksDraft = isOwn(agent) && (version === 'draft' || !agent.is_published)

  function follow(conversation: Conversation): void {
    const last = conversation.turns().at(-1)
    setRunId(last?.runId ?? undefined)
    if (last?.runId && thread === undefined)
      void navigate({ search: before => ({ ...before, thread: id }), replace: true })
  }
  function begin(): void {
    setFresh(randomId())
    setRunId(undefined)
    void navigate({ search: version ? { version } : {} })
  }

  return (
    <div className="grid gap-4 lg:grid-cols-[14rem_minmax(0,1fr)] xl:grid-cols-[12rem_minmax(0,1fr)_20rem]">
      <aside aria-label="Your conversations" className="order-last lg:order-none">
        <div className="max-h-[40dvh] overflow-y-auto lg:max-h-[calc(100dvh-14rem)]">
          <ThreadList agentId={agent.id} open={id} version={version} />
        </div>
      </aside>
      <section
        aria-label="Chat"
        className="flex h-[calc(100dvh-13rem)] min-h-96 flex-col overflow-hidden rounded-xl border border-line bg-ground"
      >
        <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-3 py-2">
          <VersionChoice agent={agent} asksDraft={asksDraft} thread={thread} />
          <Button
            size="small"
            icon={<Plus className="size-3.5" />}
            onClick={begin}
            refused={runId === undefined && thread === undefined && 'This conversation is new.'}
          >
            New conversation
          </Button>
        </div>
        <div className="min-h-0 flex-1">
          {id !== fresh && kept.error && (
            <div className="p-4">
              <ProblemNotice error={kept.error} retry={() => void kept.refetch()} />
            </div>
          )}
          {id !== fresh && kept.isPending && (
            <div className="px-4">
              <Waiting what="the conversation" />
            </div>
          )}
          {(id === fresh || kept.data) && (
            <ChatPane
              key={id}
              agentId={agent.id}
              kept={kept.data ?? { id, turns: [] }}
              version={asksDraft ? 'draft' : undefined}
              greeting={`Ask ${agent.name} something.`}
              suggestions={suggestionsFor(agent)}
              onChange={follow}
            />
          )}
        </div>
      </section>
      {isWide && (
        <aside aria-label="Trace of the newest answer" className="max-h-[calc(100dvh-13rem)] overflow-y-auto">
          {runId === undefined ? (
            <p className="rounded-xl border border-dashed border-edge/60 p-4 text-sm text-quiet">
              What an answer asked of models and tools, and how long each took, is shown here.
            </p>
          ) : (
            <Suspense fallback={<Waiting what="the trace" />}>
              <NewestRun runId={runId} />
            </Suspense>
          )}
        </aside>
      )}
    </div>
  )
}
