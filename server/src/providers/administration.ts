import { Problem, type ProviderBody, type ProviderTest, type putProvider } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import type { z } from 'zod'
import type { Clock } from '../kit/clock.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import type { Directory } from './directory.ts'
import type { Endpoint } from './endpoint.ts'
import { createProviderStore, type ProviderTables, type StoredProvider } from './store.ts'
import { modelFromWire, modelToWire } from './wire-model.ts'

/** What administrators see of providers and do to them. Every change writes one entry to the audit log. */
export type ProviderAdministration = {
  /** In the order in which one is chosen where an agent names none. Without their keys. */
  list(): ProviderBody[]
  /**
   * Adds or replaces. A key is never sent to another host than it was given for: with the host it is to be given anew.
   * @throws Problem `invalid-request` without it, `conflict` for the name of one that is not of the database.
   */
  put(caller: DatabaseCaller, name: string, change: z.output<typeof putProvider>): Promise<ProviderBody>
  /** With its key. @throws Problem `resource-not-found`, `conflict`. */
  remove(caller: DatabaseCaller, name: string): Promise<void>
  /**
   * A short call, past the breaker and without another try.
   * @throws Problem `resource-not-found`, `invalid-request` when no model is named and none is listed.
   */
  test(name: string, model: string | undefined, signal: AbortSignal): Promise<ProviderTest>
}

/** Within the transaction that audits it. */
export type ProviderKeys = {
  putIn(db: QueryExecutorProvider, name: string, value: string): Promise<void>
  removeIn(db: QueryExecutorProvider, name: string): Promise<boolean>
}

export function createProviderAdministration(dependencies: {
  database: Database<ProviderTables>
  keys: ProviderKeys
  directory: Directory
  clock: Clock
}): ProviderAdministration {
  const { database, keys, directory, clock } = dependencies

  function known(name: string): Endpoint {
    const endpoint = directory.get(name)
    if (!endpoint) throw new Problem('resource-not-found', `There is no provider named ${name}.`)
    return endpoint
  }

  function refuseFixed(name: string): void {
    const source = directory.get(name)?.config.source
    if (source === 'built-in')
      throw new Problem('conflict', `Provider ${name} is built in. Choose another name.`)
    if (source === 'environment')
      throw new Problem(
        'conflict',
        `Provider ${name} is set by the environment of the server. Change it there.`,
      )
  }

  return {
    list: () => directory.all().map(toWire),

    async put(caller, name, { key, ...change }) {
      refuseFixed(name)
      const provider = fromWire(name, change)
      await database.as(caller, async (db, audit) => {
        const store = createProviderStore(db)
        const before = await store.lock(name)
        if (before && key === undefined && hostOf(before) !== hostOf(provider))
          throw new Problem(
            'invalid-request',
            'key: the one that is kept was given for another host. Send a key for this one, or null for none.',
          )
        await store.put(provider)
        if (key === null) await keys.removeIn(db, secretOf(name))
        else if (key !== undefined) await keys.putIn(db, secretOf(name), key)
        await audit('provider-put', name, {
          kind: provider.kind,
          base_url: provider.baseUrl,
          models: provider.models.map(model => model.name),
          enabled: provider.isEnabled,
          key: key === undefined ? 'kept' : key === null ? 'none' : 'new',
        })
      })
      await directory.changed(name)
      return toWire(known(name))
    },

    async remove(caller, name) {
      refuseFixed(name)
      await database.as(caller, async (db, audit) => {
        if (!(await createProviderStore(db).remove(name)))
          throw new Problem('resource-not-found', `There is no provider named ${name}.`)
        await keys.removeIn(db, secretOf(name))
        await audit('provider-remove', name)
      })
      await directory.changed(name)
    },

    async test(name, wanted, signal) {
      const { llm, config } = known(name)
      const listed = config.models.find(model => model.name === wanted) ?? config.models[0]
      const model = wanted ?? listed?.name
      if (model === undefined)
        throw new Problem('invalid-request', `model: provider ${name} lists none; say which one to ask.`)
      const startedAt = clock.elapsed()
      const result = (ok: boolean, detail: string) => ({
        ok,
        model,
        ms: Math.round(clock.elapsed() - startedAt),
        detail,
      })
      try {
        if (listed?.name === model && listed.kind === 'embedding')
          await llm.embed({ model, input: 'ping' }, signal)
        else {
          const messages = [{ role: 'user', content: 'Say: ok' }] as const
          // The first words are enough; leaving the loop calls the rest off.
          for await (const _ of llm.stream({ model, messages }, signal)) break
        }
        return result(true, `Provider ${name} answers.`)
      } catch (error) {
        if (error instanceof Problem) return result(false, error.message)
        if (signal.aborted) return result(false, `Provider ${name} did not answer in time.`)
        throw error
      }
    },
  }
}

/** Under which name the secrets room keeps its key. */
export function secretOf(provider: string): string {
  return `provider.${provider}`
}

/** To whom the key is shown; a vendor's own host goes by its kind. */
function hostOf({ kind, baseUrl }: StoredProvider): string {
  return baseUrl === null ? kind : new URL(baseUrl).origin
}

function fromWire(name: string, change: Omit<z.output<typeof putProvider>, 'key'>): StoredProvider {
  return {
    name,
    kind: change.kind,
    source: 'database',
    baseUrl: change.base_url,
    models: change.models.map(modelFromWire),
    fallbacks: change.fallbacks,
    maxConcurrent: change.max_concurrent,
    connectTimeoutMs: change.connect_timeout_ms,
    firstTokenTimeoutMs: change.first_token_timeout_ms,
    idleTimeoutMs: change.idle_timeout_ms,
    isEnabled: change.enabled,
  }
}

function toWire({ config, key }: Endpoint): ProviderBody {
  return {
    name: config.name,
    kind: config.kind,
    source: config.source,
    demo: config.kind === 'demo',
    base_url: config.baseUrl,
    has_key: key !== null,
    models: config.models.map(modelToWire),
    fallbacks: [...config.fallbacks],
    max_concurrent: config.maxConcurrent,
    connect_timeout_ms: config.connectTimeoutMs,
    first_token_timeout_ms: config.firstTokenTimeoutMs,
    idle_timeout_ms: config.idleTimeoutMs,
    enabled: config.isEnabled,
  }
}
