import type { AgentVersion, AgentView, CallOptions, Client } from '@roundhouse/sdk'
import { type ApiQuery, useApi } from '../../app/use-api.ts'
import { isOwn } from './build/draft.ts'

/** An agent: all of it for those who may change it, else its card. */
export function useAgent(id: string): ApiQuery<AgentView> {
  return useApi(['agents', id], (client, options) => client.agents.get(id, options))
}

/** The version that answers now, for those who may change the agent; undefined data while nothing is published. */
export function useLiveVersion(agent: AgentView | undefined): ApiQuery<AgentVersion | null> {
  const version = agent?.published_version ?? null
  const id = agent?.id ?? ''
  return useApi(
    ['agents', id, 'live', version],
    async (client, options) => (version === null ? null : findVersion(client, id, version, options)),
    { enabled: agent !== undefined && isOwn(agent) },
  )
}

/** Versions never change, and come newest first. */
async function findVersion(
  client: Client,
  id: string,
  version: number,
  options: CallOptions,
): Promise<AgentVersion | null> {
  let cursor: string | undefined
  do {
    const page = await client.agents.versions(id, {
      ...options,
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    })
    const found = page.data.find(one => one.version === version)
    if (found) return found
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return null
}
