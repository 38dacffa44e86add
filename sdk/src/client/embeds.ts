import { type CreateEmbed, type Embed, embed, embedList, type UpdateEmbed } from '../contract/embed.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/**
 * Public keys by which pages of other origins ask an agent, for those who may change it. Every call throws what `Send`
 * throws, and UnexpectedReply; Problem `forbidden` for another's agent, `resource-not-found` for an embed that is not there.
 */
export type EmbedsClient = {
  /** `key` stands in the page that has the widget. @throws Problem `conflict` for a second share page. */
  create(agentId: string, embed?: CreateEmbed, options?: CallOptions): Promise<Embed>
  /** The oldest first. */
  list(agentId: string, options?: CallOptions): Promise<Embed[]>
  /** Counts at once; `enabled: false` switches it off. */
  update(agentId: string, id: string, change: UpdateEmbed, options?: CallOptions): Promise<Embed>
  /** Its key opens nothing from then on. */
  remove(agentId: string, id: string, options?: CallOptions): Promise<void>
}

export function createEmbedsClient(send: Send): EmbedsClient {
  return {
    async create(agentId, fields = {}, options) {
      const call = jsonCall('POST', path`/api/v1/agents/${agentId}/embeds`, JSON.stringify(fields))
      return readReply(embed, await send({ ...call, creates: true }, options))
    },
    async list(agentId, options) {
      const call = { method: 'GET', path: path`/api/v1/agents/${agentId}/embeds` } as const
      return readReply(embedList, await send(call, options)).data
    },
    async update(agentId, id, change, options) {
      const call = jsonCall('PATCH', path`/api/v1/agents/${agentId}/embeds/${id}`, JSON.stringify(change))
      return readReply(embed, await send(call, options))
    },
    async remove(agentId, id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/agents/${agentId}/embeds/${id}` }, options)
    },
  }
}
