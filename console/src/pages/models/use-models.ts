import type { CallOptions, Client, Model, ModelState, ModelStates } from '@roundhouse/sdk'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { type ApiPages, type ApiQuery, useApi, useApiPages } from '../../app/use-api.ts'
import { type Family, familiesOf } from './families.ts'
import type { Served } from './version-state.ts'

/** Families are made of all their versions, so the list is read to its end, or to this many. */
const mostVersions = 2000

export function useAllModels(): ApiPages<Model> {
  const pages = useApiPages(['models', 'all'], (client, options) =>
    client.models.list({ ...options, limit: 100 }),
  )
  const { items, hasMore, isLoadingMore, loadMore } = pages
  useEffect(() => {
    if (hasMore && !isLoadingMore && items.length < mostVersions) loadMore()
  }, [hasMore, isLoadingMore, items.length, loadMore])
  return pages
}

export function useModel(id: string): ApiQuery<Model> {
  return useApi(['models', id], (client, options) => client.models.get(id, options))
}

/** All versions of the name of `model` and of its owner. */
export function useFamily(
  model: Model | undefined,
  served: Served,
): { family: Family | undefined; error: Error | null } {
  const { name = '', owner_id: ownerId = null } = model ?? {}
  const { data, error } = useApi(
    ['models', 'versions', name],
    (client, options) => versionsOf(client, name, options),
    { enabled: model !== undefined, keepPrevious: true },
  )
  const family = useMemo(
    () =>
      familiesOf(
        (data ?? []).filter(version => version.owner_id === ownerId && version.name === name),
        served,
      )[0],
    [data, ownerId, name, served],
  )
  return { family, error }
}

async function versionsOf(client: Client, name: string, options: CallOptions): Promise<Model[]> {
  const versions: Model[] = []
  for await (const version of client.models.iterate({ ...options, name, limit: 100 })) {
    versions.push(version)
    if (versions.length === mostVersions) break
  }
  return versions
}

const statesKey = ['models', 'states'] as const

/** What is in memory; no change of a row tells of it, so it is asked for, often while something loads. */
export function useServed(): { served: Served; states: ApiQuery<ModelStates> } {
  const known = useQueryClient().getQueryData<ModelStates>(statesKey)
  const isMoving = known?.data.some(({ state }) => state === 'loading' || state === 'reloading') ?? false
  const states = useApi(statesKey, readStates, { refetchInterval: isMoving ? 1500 : 15_000 })
  const models = states.data?.data
  const served = useMemo(() => byId(models ?? []), [models])
  return { served, states }
}

const readStates = (client: Client, options: CallOptions) => client.models.states(options)

function byId(models: readonly ModelState[]): Served {
  return new Map(models.map(model => [model.id, model]))
}
