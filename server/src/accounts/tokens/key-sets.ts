import { createHash } from 'node:crypto'
import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { readKeySet, type VerificationKey } from './keys.ts'

/** Reads a JSON document. Rejects when there is none, and when the signal aborts. */
export type FetchJson = (url: string, signal: AbortSignal) => Promise<unknown>

export type KeySet = {
  /**
   * The key of that name, after a fetch where it may help: the answer is late by up to 5 s then.
   * @throws Problem `token-keys-unavailable` as long as there has never been a set
   */
  find(kid: string): Promise<VerificationKey | undefined>
  /** Another one as soon as the set is another. Has an old set fetched again, so that it notices withdrawn keys. */
  fingerprint(): string
}

/** Supabase lets its set be cached for 600 s. */
const freshMs = 600_000
/** At least this long between two fetches, however many tokens with keys we do not know arrive; a fetch is shorter. */
const pauseMs = 30_000
const fetchLimitMs = 5_000

/** The public keys of one issuer: fetched on first need, kept while the issuer cannot be reached. */
export function createKeySet(
  options: { issuer: string; url: string },
  dependencies: { fetchJson: FetchJson; clock: Clock; log: Log },
): KeySet {
  const { issuer, url } = options
  const { fetchJson, clock, log } = dependencies
  let keys: ReadonlyMap<string, VerificationKey> | undefined
  let fingerprint = ''
  let loadedAt = 0
  let fetchedAt: number | undefined
  let fetching: Promise<void> | undefined

  /** Joins the fetch that is under way, or starts one unless the last is too young. Never rejects. */
  async function refresh(): Promise<void> {
    if (waitMs() === 0) {
      fetchedAt = clock.elapsed()
      fetching = load().finally(() => {
        fetching = undefined
      })
    }
    await fetching
  }

  async function load(): Promise<void> {
    const limit = new AbortController()
    const cancel = clock.after(fetchLimitMs, () =>
      limit.abort(new Error(`${url} did not answer within ${fetchLimitMs} ms.`)),
    )
    try {
      const found = await readKeySet(await fetchJson(url, limit.signal))
      loadedAt = clock.elapsed()
      keys = found
      const before = fingerprint
      fingerprint = fingerprintOf(found)
      if (fingerprint !== before) log.info('token-keys-load', { iss: issuer, keys: found.size })
    } catch (err) {
      log.warn('token-keys-fail', { iss: issuer, url, kept: keys?.size ?? null, err })
    } finally {
      cancel()
    }
  }

  function waitMs(): number {
    return fetchedAt === undefined ? 0 : Math.max(0, fetchedAt + pauseMs - clock.elapsed())
  }

  /** In the background: nobody waits for it, and it reports its own failure. */
  function refreshWhenOld(): void {
    if (keys && clock.elapsed() - loadedAt > freshMs) void refresh()
  }

  return {
    async find(kid) {
      refreshWhenOld()
      const known = keys?.get(kid)
      if (known) return known
      await refresh()
      if (!keys)
        throw new Problem(
          'token-keys-unavailable',
          `The public keys of ${issuer} cannot be fetched right now.`,
          {
            retryAfterSeconds: Math.max(1, Math.ceil(waitMs() / 1000)),
          },
        )
      return keys.get(kid)
    },
    fingerprint() {
      refreshWhenOld()
      return fingerprint
    },
  }
}

function fingerprintOf(keys: ReadonlyMap<string, VerificationKey>): string {
  const names = [...keys.values()].map(({ kid, thumbprint }) => JSON.stringify([kid, thumbprint])).sort()
  return createHash('sha256').update(names.join()).digest('base64url')
}
