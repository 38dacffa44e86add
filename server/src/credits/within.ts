import { Problem } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import { context } from '../kit/context.ts'
import { invariant } from '../kit/invariant.ts'
import { createCreditStore, type Operation } from './store.ts'

/** Credits set aside for work that is not done yet. Null: nothing is to be paid. */
export type Hold = { readonly id: string; readonly userId: string; readonly amount: number } | null

export type Bill = {
  /** Who pays; null is the house, which pays nothing. */
  userId: string | null
  /** The most it may cost, in whole credits. */
  amount: number
  /** What the user reads in the ledger, e.g. `prediction churn@3`. */
  reason: string
  /** Names the work among all of the user: with the same one nothing is held or paid twice. At most 200 characters. */
  reference: string
}

/**
 * Movements within someone else's transaction, done when that is. But for `holdIn` it must be the server's: members end
 * no holds.
 */
export type CreditsWithin = {
  /** @param seconds After which the hold ends by itself. @throws Problem `insufficient-credits`, `conflict`. */
  holdIn(db: QueryExecutorProvider, bill: Bill, seconds: number): Promise<Hold>
  /** Whether this call ended the hold. */
  settleIn(db: QueryExecutorProvider, holdId: string, amount: number): Promise<boolean>
  releaseIn(db: QueryExecutorProvider, holdId: string): Promise<void>
  /**
   * For work that is ended and begun again. Of what is held under the reference, or it and more behind a colon, settles as
   * much as is not paid yet of `amount`, and releases the rest.
   */
  settleUpToIn(db: QueryExecutorProvider, userId: string, reference: string, amount: number): Promise<void>
  /** What was paid under the reference, or it and more behind a colon. */
  paidIn(db: QueryExecutorProvider, userId: string, reference: string): Promise<number>
  /** Deducts as much of the bill as there is to spare, without a hold. */
  deductUpToIn(db: QueryExecutorProvider, bill: Bill): Promise<void>
}

export const creditsWithin: CreditsWithin = {
  async holdIn(db, bill, seconds) {
    const { userId } = bill
    if (userId === null || bill.amount === 0) return null
    const holding = createCreditStore(db).run([holdOperation(bill, userId, seconds)])
    const [id = null] = await holding.catch(throwHeldOtherwise)
    return held(bill, userId, id)
  },

  async settleIn(db, holdId, amount) {
    const [isEnded] = await createCreditStore(db).run([{ kind: 'settle', hold_id: holdId, amount }])
    return isEnded === true
  },

  async releaseIn(db, holdId) {
    await createCreditStore(db).run([{ kind: 'release', hold_id: holdId }])
  },

  async settleUpToIn(db, userId, reference, amount) {
    const store = createCreditStore(db)
    let owed = amount - (await store.paid(userId, reference))
    for (const { id, amount: most } of await store.unsettled(userId, reference)) {
      const taken = Math.min(Math.max(0, owed), most)
      await store.run([
        taken > 0 ? { kind: 'settle', hold_id: id, amount: taken } : { kind: 'release', hold_id: id },
      ])
      owed -= taken
    }
  },

  paidIn: (db, userId, reference) => createCreditStore(db).paid(userId, reference),

  async deductUpToIn(db, { userId, amount, reason, reference }) {
    if (userId !== null && amount > 0)
      await createCreditStore(db).deductUpTo(userId, amount, reason, reference)
  },
}

export function holdOperation(bill: Bill, userId: string, seconds: number): Operation {
  const { amount, reason, reference } = bill
  const requestId = context.getStore()?.requestId ?? null
  return { kind: 'hold', user_id: userId, amount, reason, reference, seconds, request_id: requestId }
}

/** @throws Problem `insufficient-credits` when the ledger gave no id. */
export function held(bill: Bill, userId: string, id: string | boolean | null): Hold {
  if (typeof id === 'string') return { id, userId, amount: bill.amount }
  throw new Problem(
    'insufficient-credits',
    `This costs ${bill.amount} credits, and the account has fewer to spare. GET /api/v1/credits shows what there is.`,
  )
}

/** SQLSTATE of `hold_credits` (migration 0008): object_not_in_prerequisite_state. */
const heldOtherwise = '55000'

/** The same reference with another amount: its price has changed since the work was begun. @throws What it was, or Problem. */
export function throwHeldOtherwise(error: unknown): never {
  if (!(error instanceof Error && 'code' in error && error.code === heldOtherwise)) throw error
  throw new Problem(
    'conflict',
    'This work was begun at another price. Send it with a new Idempotency-Key; what is held for it is released by itself.',
    { cause: error },
  )
}

/** The same work may have been paid by a process that died before it could say so; ended otherwise it is not paid. */
export async function mustBePaid(db: QueryExecutorProvider, { id }: NonNullable<Hold>): Promise<void> {
  const status = await createCreditStore(db).statusOf(id)
  invariant(status === 'settled', `the hold ${id} of work that is done is ${status ?? 'gone'}`)
}
