import type { ServerPart } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Cache } from '../../ports/cache.ts'
import type { DatabaseHealth } from '../../ports/database.ts'
import type { FileStore } from '../../ports/file-store.ts'
import type { Health } from '../health.ts'

/** The state of each part of the server, and since when this process has seen it so. */
export type Parts = () => Promise<ServerPart[]>

type Look = Omit<ServerPart, 'since'>

/** A look at the file store writes a file. */
const lookMs = 5000
const everyone = serviceCaller('overview')

export function createParts(dependencies: {
  health: Pick<Health, 'readiness' | 'workers'>
  checkDatabase: () => Promise<DatabaseHealth>
  cache: Pick<Cache, 'health'>
  files: Pick<FileStore, 'check'>
  clock: Clock
}): Parts {
  const { health, checkDatabase, cache, files, clock } = dependencies
  const since = new Map<ServerPart['name'], { state: ServerPart['state']; at: string }>()
  let last: { at: number; parts: Promise<ServerPart[]> } | undefined

  async function look(): Promise<ServerPart[]> {
    const database = checkDatabase()
    const looks = [
      await api(health),
      ofDatabase(await database),
      await queue(health, await database),
      ofCache(cache.health()),
      await storage(files),
    ]
    return looks.map(part => ({ ...part, since: sinceOf(part) }))
  }

  function sinceOf({ name, state }: Look): string {
    const before = since.get(name)
    if (before?.state === state) return before.at
    const at = new Date(clock.now()).toISOString()
    since.set(name, { state, at })
    return at
  }

  return () => {
    const now = clock.elapsed()
    if (!last || now - last.at > lookMs) last = { at: now, parts: look() }
    return last.parts
  }
}

async function api(health: Pick<Health, 'readiness'>): Promise<Look> {
  const { reasons, degraded } = await health.readiness(everyone)
  if (reasons.length > 0) return { name: 'api', state: 'unavailable', reason: reasons.join(' ') }
  if (degraded.length > 0)
    return {
      name: 'api',
      state: 'degraded',
      reason: `Without what it can do without: ${degraded.join('; ')}.`,
    }
  return { name: 'api', state: 'healthy', reason: null }
}

function ofDatabase(answer: DatabaseHealth): Look {
  return answer.ok
    ? { name: 'database', state: 'healthy', reason: null }
    : { name: 'database', state: 'unavailable', reason: answer.reason }
}

async function queue(health: Pick<Health, 'workers'>, database: DatabaseHealth): Promise<Look> {
  const { status } = await health.workers()
  if (status === 'healthy') return { name: 'queue', state: 'healthy', reason: null }
  const reason = database.ok
    ? 'No process works on jobs, so they wait. Start one with ROLES=worker.'
    : 'Jobs lie in the database, which does not answer.'
  return { name: 'queue', state: 'unavailable', reason }
}

/** Without Redis everything works from memory. */
function ofCache({ kind, ok, reason }: ReturnType<Cache['health']>): Look {
  if (ok) return { name: 'cache', state: 'healthy', reason: null }
  const why = reason === undefined ? '' : `: ${reason}`
  return { name: 'cache', state: 'degraded', reason: `${kind} does not answer${why}.` }
}

async function storage(files: Pick<FileStore, 'check'>): Promise<Look> {
  try {
    await files.check()
    return { name: 'storage', state: 'healthy', reason: null }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { name: 'storage', state: 'unavailable', reason: `Files cannot be written: ${why}` }
  }
}
