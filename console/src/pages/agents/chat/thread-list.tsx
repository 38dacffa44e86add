import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiPages } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { Waiting } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { Ago } from '../../../ui/time.tsx'

/** One's own conversations with the agent, each with an address. */
export function ThreadList({
  agentId,
  open,
  version,
}: {
  agentId: string
  open: string
  version: 'draft' | undefined
}): ReactElement {
  const threads = useApiPages(['runs', 'threads', agentId], (client, options) =>
    client.threads.list({ ...options, agent_id: agentId, limit: 30 }),
  )
  if (threads.error && threads.items.length === 0)
    return <ProblemNotice error={threads.error} retry={threads.refetch} />
  if (threads.isPending) return <Waiting what="conversations" />
  if (threads.items.length === 0)
    return (
      <p className="px-2 py-3 text-[13px] text-quiet">
        What you ask this agent is kept here, conversation by conversation.
      </p>
    )
  return (
    <>
      <ul aria-label="Conversations" className="grid gap-px">
        {threads.items.map(({ id, title, used_at }) => (
          <li key={id}>
            <Link
              to="/agents/$id"
              params={{ id: agentId }}
              search={version ? { thread: id, version } : { thread: id }}
              aria-current={id === open ? 'page' : undefined}
              className="block rounded-md px-2.5 py-1.5 hover:bg-sunken aria-[current=page]:bg-wash"
            >
              <span className="block truncate text-sm">{title ?? 'Conversation'}</span>
              <span className="block text-xs text-quiet">
                <Ago at={used_at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {threads.hasMore && (
        <Button
          look="quiet"
          size="small"
          className="mt-1"
          busy={threads.isLoadingMore && 'Loading…'}
          onClick={threads.loadMore}
        >
          Older conversations
        </Button>
      )}
    </>
  )
}
