import {
  type ProviderBody,
  type ProviderTest,
  type PutProvider,
  provider,
  providerList,
  providerTest,
} from '../contract/provider.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/** Providers of language models, for administrators. No call gives a key back. */
export type AdminProvidersClient = {
  list(options?: CallOptions): Promise<ProviderBody[]>
  /** Adds or replaces: what is left out takes its default, but for the key, which stays. */
  put(name: string, provider: PutProvider, options?: CallOptions): Promise<ProviderBody>
  /** With its key. @throws Problem `conflict` for one that the environment or the server itself sets. */
  remove(name: string, options?: CallOptions): Promise<void>
  /** Asks it something short; that it failed is an answer. Without a model the first of its list is asked. Within 20 s. */
  test(name: string, options?: CallOptions & { model?: string }): Promise<ProviderTest>
}

export function createAdminProvidersClient(send: Send): AdminProvidersClient {
  return {
    async list(options) {
      const call = { method: 'GET', path: '/api/v1/admin/providers' } as const
      return readReply(providerList, await send(call, options)).data
    },
    async put(name, body, options) {
      const call = jsonCall('PUT', path`/api/v1/admin/providers/${name}`, JSON.stringify(body))
      return readReply(provider, await send(call, options))
    },
    async remove(name, options) {
      await send({ method: 'DELETE', path: path`/api/v1/admin/providers/${name}` }, options)
    },
    async test(name, { model, ...options } = {}) {
      const call = jsonCall('POST', path`/api/v1/admin/providers/${name}/test`, JSON.stringify({ model }))
      return readReply(providerTest, await send({ ...call, idempotent: true }, options))
    },
  }
}
