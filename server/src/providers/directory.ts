import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import type { KeyedProvider, OpenLlm, ProviderConfig } from './provider-config.ts'

/** Bus topic; the message is the name of a provider that was put or removed. */
export const providersChanged = 'providers'

/**
 * The providers in memory, so that a call asks no database. Kept true by the bus, and by reading everything again after
 * a gap and every 30 s.
 */
export type Directory = {
  /** Also one that is not enabled. */
  get(name: string): Endpoint | undefined
  /** In a fixed order: of the environment, then by name, the demo last. */
  all(): readonly Endpoint[]
  refresh(): Promise<void>
  /** Takes in what this process has just written, then tells the others. */
  changed(name: string): Promise<void>
  close(): Promise<void>
}

const refreshMs = 30_000

export function createDirectory(dependencies: {
  /** Those of the database, by name. */
  read: () => Promise<readonly ProviderConfig[]>
  /** Null when the provider has none. */
  readKey: (name: string) => Promise<string | null>
  /** Of the environment, and the demo; they hide others of their name. */
  fixed: readonly KeyedProvider[]
  openLlm: OpenLlm
  bus: Bus
  clock: Clock
  log: Log
}): Directory {
  const { read, readKey, fixed, openLlm, bus, clock, log } = dependencies
  let endpoints: ReadonlyMap<string, Endpoint> = new Map()
  let reading: Promise<void> = Promise.resolve()
  let isClosed = false

  async function readAll(): Promise<void> {
    if (isClosed) return
    const wanted = await Promise.all((await read()).map(withKey))
    const hidden = new Set(fixed.map(({ config }) => config.name))
    const [before, after] = [
      fixed.filter(({ config }) => config.source === 'environment'),
      fixed.filter(({ config }) => config.source !== 'environment'),
    ]
    const next = new Map<string, Endpoint>()
    for (const provider of [...before, ...wanted.filter(({ config }) => !hidden.has(config.name)), ...after])
      next.set(provider.config.name, await endpointOf(provider))
    const left = [...endpoints.values()].filter(endpoint => next.get(endpoint.config.name) !== endpoint)
    endpoints = next
    // Calls under way on them may take minutes.
    for (const { llm } of left) llm.close().catch(error => log.warn('provider-close-fail', { err: error }))
  }

  /** The same as before while nothing has changed, with what it has learnt of the provider. */
  async function endpointOf(provider: KeyedProvider): Promise<Endpoint> {
    const known = endpoints.get(provider.config.name)
    if (known && known.key === provider.key && isDeepStrictEqual(known.config, provider.config)) return known
    return createEndpoint(provider, await openLlm(provider), clock, log)
  }

  async function withKey(config: ProviderConfig): Promise<KeyedProvider> {
    try {
      return { config, key: await readKey(config.name) }
    } catch (error) {
      // One key that does not open leaves the others usable; the provider will say that it has none.
      log.error('provider-key-fail', { provider: config.name, err: error })
      return { config, key: null }
    }
  }

  /** One after the other: what is asked for last is read last. */
  function refresh(): Promise<void> {
    const mine = reading.then(readAll)
    reading = mine.catch(() => {})
    return mine
  }

  function refreshQuietly(): void {
    refresh().catch(error => log.warn('provider-refresh-fail', { err: error }))
  }

  const stopListening = bus.subscribe(providersChanged, refreshQuietly)
  const stopGaps = bus.onGap(refreshQuietly)
  const timer = setInterval(refreshQuietly, refreshMs).unref()

  return {
    get: name => endpoints.get(name),
    all: () => [...endpoints.values()],
    refresh,
    async changed(name) {
      await refresh()
      // The row is committed; a replica that does not hear of it now reads it at its next refresh.
      await bus.publish(providersChanged, name).catch(error => log.warn('bus-publish-fail', { err: error }))
    },
    async close() {
      isClosed = true
      clearInterval(timer)
      stopListening()
      stopGaps()
      await reading
      await Promise.all([...endpoints.values()].map(({ llm }) => llm.close()))
    },
  }
}
