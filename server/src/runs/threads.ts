import { type AgentConfig, Problem, type RunMessage } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import type { Run } from './run.ts'
import { storableText } from './storable.ts'
import { createThreadStore, type ThreadMessage } from './threads/store.ts'

type Memory = AgentConfig['memory']

/** What lies too far back to be shown in full, and the summary that it is to become part of. */
export type Forgotten = {
  readonly summary: string | null
  readonly messages: readonly ThreadMessage[]
  readonly span: { readonly from: number; readonly upTo: number }
}

const defaultMessages = 20
/** Of one summary: what lies further back than that was never going to fit. */
const mostSummarised = 400
/** Some 250,000 tokens: what a run is shown of its thread is copied into it, and sent with each of its steps. */
const mostBytes = 1024 * 1024

/**
 * The thread of a run that begins: a new id makes one. `db` is the caller's, so that row-level security decides.
 * @throws Problem `resource-not-found` for a thread of someone else, `conflict` for one of another agent.
 */
export async function openThread(
  db: QueryExecutorProvider,
  thread: { id: string; agentId: string; ownerId: string | null },
): Promise<void> {
  const store = createThreadStore(db)
  await store.ensure(thread)
  const found = await store.use(thread.id)
  if (!found) throw new Problem('resource-not-found', `There is no thread ${thread.id}.`)
  if (found.agentId !== thread.agentId)
    throw new Problem('conflict', `The thread ${thread.id} is one with another agent.`)
}

/**
 * What a run is shown of its thread, the oldest first: the summary where there is one, then the last messages, as far as
 * they fit.
 */
export async function remembered(
  db: QueryExecutorProvider,
  threadId: string,
  memory: Memory,
): Promise<RunMessage[]> {
  const shown = shownMessages(memory)
  const store = createThreadStore(db)
  if (!memory.summarise) {
    const messages = await store.last(threadId, { after: 0 }, { messages: shown, bytes: mostBytes })
    return messages.map(toMessage)
  }
  const thread = await store.find(threadId)
  // Until the next summary is made there are up to twice as many behind the last one.
  const most = { messages: 2 * shown + 1, bytes: mostBytes }
  const messages = await store.last(threadId, { after: thread?.summarised ?? 0 }, most)
  const summary = thread?.summary
  return [
    ...(summary ? [{ role: 'system' as const, content: `What was said before, in short:\n${summary}` }] : []),
    ...messages.map(toMessage),
  ]
}

/** Adds what was asked and answered, in the transaction that ends the run. */
export async function remember(
  db: QueryExecutorProvider,
  run: Pick<Run, 'id' | 'threadId' | 'input'>,
  output: string,
): Promise<void> {
  if (run.threadId === null) return
  await createThreadStore(db).append(run.threadId, run.id, [
    ...run.input.map(({ role, content }) => ({ role, content: storableText(content) })),
    { role: 'assistant', content: storableText(output) },
  ])
}

/** What is to be summarised, once there is twice as much as a run is shown; undefined while there is not. */
export async function forgotten(
  db: QueryExecutorProvider,
  threadId: string,
  memory: Memory,
): Promise<Forgotten | undefined> {
  const shown = shownMessages(memory)
  const store = createThreadStore(db)
  const thread = await store.find(threadId)
  if (!thread) return undefined
  const from = thread.summarised
  const upTo = await store.lastForgotten(threadId, from, shown)
  if (upTo === undefined) return undefined
  const most = { messages: shown + mostSummarised, bytes: mostBytes }
  const messages = await store.last(threadId, { after: from, upTo }, most)
  return messages.length === 0 ? undefined : { summary: thread.summary, messages, span: { from, upTo } }
}

/** Whether it is the thread's now: of two that were made at once it is the first. */
export function storeSummary(
  db: QueryExecutorProvider,
  threadId: string,
  summary: string,
  span: Forgotten['span'],
): Promise<boolean> {
  return createThreadStore(db).summarise(threadId, storableText(summary), span)
}

function shownMessages({ messages = defaultMessages }: Memory): number {
  return messages
}

function toMessage({ role, content }: ThreadMessage): RunMessage {
  return { role, content }
}
