import { setTimeout as delay } from 'node:timers/promises'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import { type Actor, act } from '../accounts/actor.ts'
import { backoffMs } from '../kit/backoff.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Database, DatabaseCaller, WithinTransaction } from '../ports/database.ts'
import { createGatherer } from './gather.ts'
import {
  type Account,
  type CreditTables,
  createCreditStore,
  type Entry,
  type Operation,
  type PriceName,
} from './store.ts'
import {
  type Bill,
  type CreditsWithin,
  creditsWithin,
  type Hold,
  held,
  holdOperation,
  mustBePaid,
  throwHeldOtherwise,
} from './within.ts'

/**
 * Credits that cannot be overspent: what work may cost is held before it begins, then settled with what it did cost, or
 * released. A hold whose work died ends by itself.
 */
export type Credits = CreditsWithin & {
  /**
   * @param seconds After which the hold ends by itself.
   * @throws Problem `insufficient-credits`, `conflict` when the reference holds another amount.
   */
  hold(bill: Bill, seconds: number): Promise<Hold>
  /** Whether this call ended the hold; without one there is nothing to be done. */
  settle(hold: Hold, amount: number): Promise<boolean>
  /** Never rejects: what cannot be released now ends by itself. */
  release(hold: Hold): Promise<void>
  /** Holds, works, settles in full before the result is given; releases when the work fails. */
  charge<Result>(bill: Bill, seconds: number, work: () => Promise<Result>): Promise<Result>
  /** The same for work that ends with a transaction of the server, which `pay` is called in: both are done or neither. */
  chargeIn<Result>(
    bill: Bill,
    seconds: number,
    work: (pay: (db: QueryExecutorProvider) => Promise<void>) => Promise<Result>,
  ): Promise<Result>
  /**
   * The caller's own, or another's for who may see it.
   * @throws Problem `resource-not-found` for callers without an account, as the next.
   */
  account(caller: DatabaseCaller, userId?: string): Promise<Account & { ledger: Entry[] }>
  /** Newest first. */
  entries(
    caller: DatabaseCaller,
    page: { limit: number; beforeId?: number | undefined },
    userId?: string,
  ): Promise<Entry[]>
  /** Negative takes back. One audit entry. @throws Problem `conflict` for more than there is, `resource-not-found`. */
  grant(
    actor: Actor,
    userId: string,
    amount: number,
    reason: string,
    within?: WithinTransaction<Account>,
  ): Promise<Account>
  prices(): Promise<Map<PriceName, number>>
  /** One audit entry for each. @throws Problem `forbidden`. */
  setPrices(actor: Actor, prices: ReadonlyMap<PriceName, number>): Promise<void>
  /** Ends what dead work held, and forgets holds of long ago. */
  sweep(): Promise<void>
  /** Gives everyone the credits of their plan for this month (UTC) who has not got them; safe to repeat. How many got them. */
  renew(): Promise<number>
}

const shownEntries = 20
const pageSize = 500
/** A row that one transaction changes n times has n versions to pass over each time. */
const operationsAtATime = 64
/** The pool is for others too. */
const groupsAtATime = 2
/** For work that is done and could not be paid: whoever waits for it has waited already. */
const insistMs = 5000
const holdsAreKeptDays = 30
const forgottenAtATime = 2000

export function createCredits(dependencies: {
  database: Database<CreditTables>
  clock: Clock
  log: Log
}): Credits {
  const { database, clock, log } = dependencies
  const system = createCreditStore(database.system)
  // Every movement of an account waits for the one before to be on disk: a group waits once.
  const gather = createGatherer({
    run: (operations: readonly Operation[]) => system.run(operations),
    most: operationsAtATime,
    width: groupsAtATime,
  })

  async function hold(bill: Bill, seconds: number): Promise<Hold> {
    const { userId } = bill
    if (userId === null || bill.amount === 0) return null
    const id = await gather(userId, holdOperation(bill, userId, seconds)).catch(throwHeldOtherwise)
    return held(bill, userId, id)
  }

  async function settle(open: Hold, amount: number): Promise<boolean> {
    if (!open) return true
    return (await gather(open.userId, { kind: 'settle', hold_id: open.id, amount })) === true
  }

  async function chargeIn<Result>(
    bill: Bill,
    seconds: number,
    work: (pay: (db: QueryExecutorProvider) => Promise<void>) => Promise<Result>,
  ): Promise<Result> {
    const open = await hold(bill, seconds)
    try {
      return await work(async db => {
        if (open && !(await creditsWithin.settleIn(db, open.id, bill.amount))) await mustBePaid(db, open)
      })
    } catch (error) {
      await release(open)
      throw error
    }
  }

  async function release(open: Hold): Promise<void> {
    if (!open) return
    try {
      await gather(open.userId, { kind: 'release', hold_id: open.id })
    } catch (error) {
      log.warn('credit-release-fail', { hold: open.id, err: error })
    }
  }

  return {
    hold,
    settle,
    release,
    ...creditsWithin,
    chargeIn,

    async charge(bill, seconds, work) {
      const open = await hold(bill, seconds)
      try {
        const result = await work()
        await insist(async () => {
          if (!(await settle(open, bill.amount)) && open) await mustBePaid(database.system, open)
        })
        return result
      } catch (error) {
        await release(open)
        throw error
      }
    },

    account: (caller, of) =>
      database.as(caller, async db => {
        const store = createCreditStore(db)
        const userId = of ?? accountOf(caller)
        const account = await store.account(userId)
        if (!account) throw of === undefined ? noAccount() : noUser(of)
        return { ...account, ledger: await store.entries(userId, { limit: shownEntries }) }
      }),

    entries: (caller, page, of) =>
      database.as(caller, async db => {
        const store = createCreditStore(db)
        const userId = of ?? accountOf(caller)
        if (of !== undefined && !(await store.account(of))) throw noUser(of)
        return store.entries(userId, page)
      }),

    grant: (actor, userId, amount, reason, within) =>
      act(database, actor, async (db, audit) => {
        const store = createCreditStore(db)
        if (!(await store.account(userId))) throw noUser(userId)
        const granted = await store.grant(userId, amount, reason, null)
        const account = await store.account(userId)
        if (!account) throw noUser(userId)
        if (!granted) throw refusedGrant(amount, account)
        await audit('credit-grant', userId, { amount, reason })
        await within?.(db, account)
        return account
      }),

    prices: () => system.prices(),

    setPrices: (actor, prices) =>
      act(database, actor, async (db, audit) => {
        const store = createCreditStore(db)
        const known = await store.prices()
        for (const [name, credits] of prices) {
          if (!(await store.setPrice(name, credits)))
            throw new Problem('forbidden', 'Only administrators change prices.')
          await audit('price-update', name, { before: known.get(name), after: credits })
        }
      }),

    async sweep() {
      for (let count = await system.expire(); count > 0; count = await system.expire())
        log.warn('credit-holds-expire', { count })
      for (let count = forgottenAtATime; count === forgottenAtATime; )
        count = await system.forget(holdsAreKeptDays, forgottenAtATime)
    },

    async renew() {
      const month = new Date(clock.now()).toISOString().slice(0, 7)
      const reference = `month:${month}`
      let after = '00000000-0000-0000-0000-000000000000'
      let renewed = 0
      for (;;) {
        const users = await system.toRenew(reference, { after, limit: pageSize })
        for (const { id, credits } of users) {
          if (await system.grant(id, credits, 'plan-month', reference)) renewed += 1
          else log.warn('credit-renew-refuse', { user_id: id, credits })
          after = id
        }
        if (users.length < pageSize) return renewed
      }
    },
  }
}

/** Again while the database is away. A settlement whose answer was lost is seen the next time: it bears being repeated. */
async function insist(pay: () => Promise<void>): Promise<void> {
  const startedAt = performance.now()
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pay()
    } catch (error) {
      const mayPass = isProblem(error) && error.code === 'database-unavailable'
      if (!mayPass || performance.now() - startedAt > insistMs) throw error
      await delay(backoffMs(attempt, 50, 1000), undefined, { ref: false })
    }
  }
}

function accountOf({ userId }: DatabaseCaller): string {
  if (userId === null) throw noAccount()
  return userId
}

function noUser(userId: string): Problem {
  return new Problem('resource-not-found', `There is no user ${userId}.`)
}

function noAccount(): Problem {
  return new Problem(
    'resource-not-found',
    'This credential belongs to no user: it has no credits and pays nothing.',
  )
}

function refusedGrant(amount: number, { balance, held }: Account): Problem {
  return new Problem(
    'conflict',
    amount < 0
      ? `The account has ${balance - held} credits that are neither spent nor held; not so many as ${-amount} can be taken back.`
      : `The account has ${balance} credits and cannot hold so many more.`,
  )
}
