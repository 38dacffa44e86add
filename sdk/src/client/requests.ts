import { type RequestStory, requestStory } from '../contract/log.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

/** Every call throws what `Send` throws, and UnexpectedReply. */
export type RequestsClient = {
  /** What a request did, by the id that its answer had in `X-Request-ID`. @throws Problem `resource-not-found`. */
  get(requestId: string, options?: CallOptions): Promise<RequestStory>
}

export function createRequestsClient(send: Send): RequestsClient {
  return {
    async get(requestId, options) {
      const call = { method: 'GET', path: path`/api/v1/requests/${requestId}` } as const
      return readReply(requestStory, await send(call, options))
    },
  }
}
