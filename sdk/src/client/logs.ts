import { type LogLine, type LogList, logList } from '../contract/log.ts'
import { type FollowLogsOptions, followLogs } from './follow-logs.ts'
import { iteratePages } from './pages.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

export type { FollowLogsOptions } from './follow-logs.ts'

export type ListLogsOptions = CallOptions & {
  /** Such as `level:error path:/api/v1/models "timed out"`. */
  q?: string | undefined
  request_id?: string | undefined
  from?: string | undefined
  to?: string | undefined
  limit?: number
  cursor?: string
}

/** For administrators; anyone else gets Problem `forbidden`. Every call throws what `Send` throws, and UnexpectedReply. */
export type LogsClient = {
  /** Newest first. A page may hold no line while there is a next one: it looked back to `searched_to`. */
  list(options?: ListLogsOptions): Promise<LogList>
  /** Every line, page after page. */
  iterate(options?: ListLogsOptions): AsyncGenerator<LogLine, void>
  /** Lines as they come, each once, until the signal aborts. Comes back by itself when the connection is lost. */
  follow(options?: FollowLogsOptions): AsyncGenerator<LogLine, void>
}

export function createLogsClient(send: Send): LogsClient {
  const list: LogsClient['list'] = async ({ q, request_id, from, to, limit, cursor, ...options } = {}) => {
    const query = { q, request_id, from, to, limit, cursor }
    return readReply(logList, await send({ method: 'GET', path: '/api/v1/logs', query }, options))
  }
  return {
    list,
    iterate: (options = {}) => iteratePages(list, options),
    follow: (options = {}) => followLogs(send, options),
  }
}
