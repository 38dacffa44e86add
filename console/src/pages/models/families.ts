import type { Model } from '@roundhouse/sdk'
import { type Served, versionState } from './version-state.ts'

/** The versions of one name of one owner. */
export type Family = {
  key: string
  name: string
  ownerId: string | null
  /** Newest first. */
  versions: Model[]
  /** What its name means now; undefined when none is ready. */
  serving: Model | undefined
  /** The one that serves, else the newest. */
  shown: Model
}

/** `models` newest first, as the server lists them; the families keep that order by their newest version. */
export function familiesOf(models: readonly Model[], served: Served): Family[] {
  const groups = new Map<string, [Model, ...Model[]]>()
  for (const model of models) {
    const key = `${model.owner_id ?? ''}/${model.name}`
    const group = groups.get(key)
    if (group) group.push(model)
    else groups.set(key, [model])
  }
  return [...groups].map(([key, versions]) => {
    const serving = servingOf(versions, served)
    const [newest] = versions
    return { key, name: newest.name, ownerId: newest.owner_id, versions, serving, shown: serving ?? newest }
  })
}

function servingOf(versions: readonly Model[], served: Served): Model | undefined {
  const ready = versions.filter(model => model.status === 'ready')
  // Before it is known what is in memory: the newest, as the server would begin with.
  if (!ready.some(model => served.has(model.id))) return ready[0]
  return ready.find(model => served.get(model.id)?.serves)
}

/** Why calls by name go to this version, or do not. */
export function whyItServes({ versions, serving }: Family, model: Model, served: Served): string {
  const place = versions.findIndex(version => version.id === model.id)
  if (serving?.id !== model.id) return whyItDoesNot(model, serving, versions, place, served)
  const newer = versions.slice(0, place)
  const broken = newer.find(version => version.status === 'ready')
  if (!broken) return newer.length === 0 ? 'The newest version.' : 'The newest version that is ready.'
  const { word, reason } = versionState(broken, served)
  if (word === 'failed') return `Version ${broken.version} is newer and could not be loaded: ${reason}`
  return `Version ${broken.version} is newer and ${word === 'loading' ? 'loading: it takes over when it is warm' : 'not loaded'}.`
}

function whyItDoesNot(
  model: Model,
  serving: Model | undefined,
  versions: readonly Model[],
  place: number,
  served: Served,
): string {
  const { word, reason } = versionState(model, served)
  if (model.status !== 'ready' || serving === undefined) return reason ?? 'No version of this name serves.'
  const isOlder = versions.findIndex(version => version.id === serving.id) < place
  if (isOlder) return `Version ${serving.version} is newer.`
  if (word === 'loading') return `It takes over from version ${serving.version} when it is warm.`
  return `Version ${serving.version} serves meanwhile. ${reason ?? ''}`.trim()
}

/** What has to be archived so that calls by name go to `model`. */
export function newerReady({ versions }: Family, model: Model): Model[] {
  const place = versions.findIndex(version => version.id === model.id)
  return versions.slice(0, Math.max(0, place)).filter(version => version.status === 'ready')
}
