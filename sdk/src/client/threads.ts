import type { z } from 'zod'
import { type listThreads, type Thread, threadList } from '../contract/run.ts'
import { iteratePages } from './pages.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

export type ListThreadsOptions = CallOptions & Partial<z.output<typeof listThreads>>
export type ThreadList = z.output<typeof threadList>

/** Conversations with agents. A run with a new `thread_id` begins one. */
export type ThreadsClient = {
  /** One's own, the last used first. */
  list(options?: ListThreadsOptions): Promise<ThreadList>
  /** The same, page after page. */
  iterate(options?: ListThreadsOptions): AsyncGenerator<Thread, void>
}

export function createThreadsClient(send: Send): ThreadsClient {
  const list: ThreadsClient['list'] = async ({ limit, cursor, agent_id, ...options } = {}) => {
    const query = { limit, cursor, agent_id }
    return readReply(threadList, await send({ method: 'GET', path: '/api/v1/threads', query }, options))
  }
  return { list, iterate: (options = {}) => iteratePages(list, options) }
}
