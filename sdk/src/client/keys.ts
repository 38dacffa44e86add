import { type CreatedKey, type CreateKey, createdKey, type KeyList, keyList } from '../contract/account.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/** The caller's own API keys. Every call throws what `Send` throws, and UnexpectedReply. */
export type KeysClient = {
  /** `key` of the reply is shown this once. Without `scopes` the key may do everything but `admin`. */
  create(key: CreateKey, options?: CallOptions): Promise<CreatedKey>
  list(options?: CallOptions): Promise<KeyList>
  /** The key is refused everywhere within 5 seconds. */
  revoke(id: string, options?: CallOptions): Promise<void>
}

export function createKeysClient(send: Send): KeysClient {
  return {
    async create(key, options) {
      const call = jsonCall('POST', '/api/v1/keys', JSON.stringify(key))
      return readReply(createdKey, await send({ ...call, creates: true }, options))
    },
    async list(options) {
      return readReply(keyList, await send({ method: 'GET', path: '/api/v1/keys' }, options))
    },
    async revoke(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/keys/${id}` }, options)
    },
  }
}
