import { Problem } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { type Place, SealError, type Sealer } from '../kit/seal.ts'
import { createIdempotencyStore, type KeyedCall, type StoredCall } from './store.ts'

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** A call that this process has to itself. One of its ends must be called; until then its lease is renewed. */
export type Run = {
  /** Of the work: whoever goes on with it after this process died has the same, so that it is paid once. */
  readonly workId: string
  /**
   * In the transaction of the effect: effect and answer are both there or neither is. The run goes on until one of
   * the others is called. @throws Problem `idempotency-running` when the call is another process's by now.
   */
  answerIn(db: QueryExecutorProvider, answer: Answer): Promise<void>
  /** The run has ended with this answer; nothing happens when `answerIn` has stored one. */
  answer(answer: Answer): Promise<void>
  /** It was done, but what was answered is not known or too large to keep. */
  lose(): Promise<void>
  /**
   * Nothing was done: the key may be used again; behind a process that died, for the same request alone. What `answerIn`
   * has stored and committed stays.
   */
  forget(): Promise<void>
  /** Nobody knows whether it was done: the same request alone may go on with the same work. Nothing else is kept. */
  leave(): Promise<void>
}

export type Idempotency = ReturnType<typeof createIdempotency>

const leaseMs = 30_000
const renewMs = 5_000
/** A living process never lets its lease get so short. */
const leastLivingLeaseSeconds = (leaseMs - renewMs) / 1000 - 1
/** Larger answers are not kept. */
export const largestAnswerBytes = 4 * 1024 * 1024
const mostTries = 3

/**
 * Calls with a key of their caller's choice: the first is done, and its answer given to all others for 24 hours.
 * Source: draft-ietf-httpapi-idempotency-key-header-07.
 */
export function createIdempotency(dependencies: {
  /** The server's own connections: keys are claimed before the effect begins, and outlive one that fails. */
  database: { readonly system: QueryExecutorProvider }
  sealer: Sealer
  ids: Ids
  clock: Clock
  log: Log
}) {
  const { database, sealer, ids, clock, log } = dependencies
  const store = createIdempotencyStore(database.system)
  const running = new Set<string>()
  let cancelRenewal: (() => void) | undefined

  function renewSoon(): void {
    cancelRenewal ??= clock.after(renewMs, () => {
      cancelRenewal = undefined
      if (running.size === 0) return
      store.renew([...running], leaseMs).catch(error => log.warn('idempotency-renew-fail', { err: error }))
      renewSoon()
    })
  }

  function begun(claimId: string, workId: string): { run: Run } {
    const sealed = ({ status, headers, body }: Answer) => ({
      status,
      headers,
      // One character for each byte, so that any bytes come back.
      sealedBody: sealer.seal(body.toString('latin1'), placeOf(claimId)),
    })
    function ended(): void {
      running.delete(claimId)
      if (running.size > 0) return
      cancelRenewal?.()
      cancelRenewal = undefined
    }
    running.add(claimId)
    renewSoon()
    return {
      run: {
        workId,
        async answerIn(db, answer) {
          if (!(await createIdempotencyStore(db).finish(claimId, sealed(answer)))) throw isRunning(1)
        },
        async answer(answer) {
          ended()
          const isKept = answer.body.length <= largestAnswerBytes
          await store.finish(claimId, isKept ? sealed(answer) : null)
        },
        async lose() {
          ended()
          await store.finish(claimId, null)
        },
        async forget() {
          ended()
          await store.forget(claimId)
        },
        async leave() {
          ended()
          await store.leave(claimId)
        },
      },
    }
  }

  /** @throws Problem when there is no answer to give. */
  function answerOf({ status, headers, sealed_body, claim_id }: StoredCall): Answer {
    if (status === null || headers === null || sealed_body === null) throw isLost()
    try {
      const body = sealer.open(sealed_body, placeOf(claim_id))
      return { status, headers, body: Buffer.from(body, 'latin1') }
    } catch (error) {
      // Sealed under a key that is gone since.
      if (error instanceof SealError) throw isLost(error)
      throw error
    }
  }

  return {
    /**
     * Whether the call is to be done now, or was done.
     * @throws Problem `idempotency-running` while it is being done elsewhere, `idempotency-mismatch` when the key
     *   belongs to another call, `idempotency-answer-lost`.
     */
    async begin(call: KeyedCall): Promise<{ run: Run } | { answer: Answer }> {
      for (let tries = 0; tries < mostTries; tries++) {
        const claimId = ids.uuid()
        if (await store.insert(call, claimId, leaseMs)) return begun(claimId, claimId)
        const found = await store.find(call)
        if (!found) continue
        const isSame = found.fingerprint.equals(call.fingerprint)
        const isLeft = !found.is_done && found.lease_seconds <= 0
        if (found.is_expired || (isLeft && isSame)) {
          const workId = await store.takeOver(call, claimId, leaseMs)
          if (workId !== undefined) return begun(claimId, workId)
          continue
        }
        if (!isSame)
          throw new Problem(
            'idempotency-mismatch',
            'This Idempotency-Key was sent with another request before. Make a new key for each new request.',
          )
        if (found.is_done) return { answer: answerOf(found) }
        throw isRunning(found.lease_seconds > leastLivingLeaseSeconds ? 1 : Math.max(1, found.lease_seconds))
      }
      throw isRunning(1)
    },

    async sweep(): Promise<void> {
      while ((await store.removeExpired()).mayBeMore);
    },
  }
}

function placeOf(claimId: string): Place {
  return { table: 'idempotency_keys', row: claimId, field: 'sealed_body' }
}

function isRunning(retryAfterSeconds: number): Problem {
  return new Problem(
    'idempotency-running',
    'The first request with this Idempotency-Key is not finished. Send it again later to get its answer.',
    { retryAfterSeconds },
  )
}

function isLost(cause?: unknown): Problem {
  return new Problem(
    'idempotency-answer-lost',
    'The request with this Idempotency-Key was done, but its answer was not kept. Look at what is there before you repeat it with a new key.',
    { cause },
  )
}
