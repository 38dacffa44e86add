import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { testLedger } from '../testing/ledger.ts'
import { type CreditTables, createCreditStore } from './store.ts'

const { database, store, account, user, lapse, holds, faults } = await testLedger()

type Step =
  | { kind: 'hold'; reference: string; amount: number }
  | { kind: 'settle'; reference: string; amount: number }
  | { kind: 'release' | 'lapse'; reference: string }
  | { kind: 'sweep' }
  | { kind: 'deduct'; reference: string; amount: number }
  | { kind: 'grant'; amount: number }

const reference = fc.constantFrom('a', 'b', 'c', 'd')
const amount = fc.integer({ min: 1, max: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('hold' as const), reference, amount }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      reference,
      amount: fc.integer({ min: 0, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('release' as const, 'lapse' as const), reference }),
  },
  fc.record({ kind: fc.constant('sweep' as const) }),
  fc.record({ kind: fc.constant('deduct' as const), reference, amount }),
  fc.record({ kind: fc.constant('grant' as const), amount: fc.integer({ min: -6, max: 6 }) }),
)

/** Error codes of what the ledger refuses: a reference of something else, an amount that cannot be. */
const refusals = ['23505', '22003', '55000']

/** What a step gives, or the error code that it is refused with. */
async function perform(db: Kysely<CreditTables>, userId: string, step: Step): Promise<unknown> {
  const value = async (query: ReturnType<typeof sql<{ value: unknown }>>) =>
    (await query.execute(db)).rows[0]?.value
  const id = (name: string) =>
    sql`coalesce((select id from credit_holds where user_id = ${userId} and reference = ${name}), gen_random_uuid())`
  try {
    switch (step.kind) {
      case 'hold':
        return (
          (await value(
            sql`select hold_credits(${userId}, ${step.amount}, 'work', ${step.reference}, 60) as value`,
          )) !== null
        )
      case 'settle':
        return await value(sql`select settle_hold(${id(step.reference)}, ${step.amount}) as value`)
      case 'release':
        return await value(sql`select release_hold(${id(step.reference)}) as value`)
      case 'lapse':
        return await lapse(userId, step.reference)
      case 'sweep':
        return void (await createCreditStore(db).expire())
      case 'deduct':
        return await value(
          sql`select deduct_credits(${userId}, ${step.amount}, 'rpc', ${step.reference}) as value`,
        )
      case 'grant':
        return await createCreditStore(db).grant(userId, step.amount, 'gift', null)
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (!refusals.includes(String(code))) throw error
    return code
  }
}

/** The rules of the ledger again, on numbers in memory. */
function createModel(start: number) {
  let balance = start
  const known = new Map<string, { amount: number; status: string; lapsed: boolean }>()
  const booked = new Set<string>()
  const open = () => [...known.values()].filter(({ status }) => status === 'open')
  const held = () => open().reduce((sum, hold) => sum + hold.amount, 0)
  function expire(): void {
    for (const hold of open()) if (hold.lapsed) hold.status = 'expired'
  }
  function hasToSpare(wanted: number): boolean {
    if (balance - held() < wanted) expire()
    return balance - held() >= wanted
  }
  function perform(step: Step): unknown {
    const hold = 'reference' in step ? known.get(step.reference) : undefined
    switch (step.kind) {
      case 'hold':
        if (hold?.status === 'settled') return true
        if (hold?.status === 'open') {
          if (hold.amount !== step.amount) return '55000'
          hold.lapsed = false
          return true
        }
        if (booked.has(step.reference)) return '23505'
        if (!hasToSpare(step.amount)) return false
        known.set(step.reference, { amount: step.amount, status: 'open', lapsed: false })
        return true
      case 'settle': {
        if (hold?.status !== 'open' && hold?.status !== 'expired') return false
        if (step.amount > hold.amount) return '22003'
        const taken = hold.status === 'open' ? step.amount : Math.min(step.amount, balance - held())
        hold.status = 'settled'
        balance -= taken
        if (taken > 0) booked.add(step.reference)
        return true
      }
      case 'release':
        if (hold?.status !== 'open') return false
        hold.status = 'released'
        return true
      case 'lapse':
        if (hold) hold.lapsed = true
        return undefined
      case 'sweep':
        return expire()
      case 'deduct':
        if (booked.has(step.reference)) return true
        if (hold?.status === 'settled') return true
        if (hold?.status === 'open' || hold?.status === 'expired') return '23505'
        if (!hasToSpare(step.amount)) return false
        balance -= step.amount
        booked.add(step.reference)
        return true
      case 'grant':
        if (step.amount < 0) expire()
        if (balance + step.amount < held()) return false
        balance += step.amount
        return true
    }
  }
  return {
    perform,
    account: () => ({ balance, held: held() }),
    holds: () => Object.fromEntries([...known].sort().map(([name, { status }]) => [name, status])),
  }
}

test('whatever comes in whatever order, the ledger does what its rules say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 12 }),
      fc.array(step, { maxLength: 30 }),
      async (start, steps) => {
        const { userId } = await user(start)
        const model = createModel(start)
        for (const [index, step] of steps.entries()) {
          const given = await perform(database.system, userId, step)
          assert.deepEqual(given, model.perform(step), `step ${index}`)
          assert.deepEqual(await account(userId), model.account(), `step ${index}`)
        }
        assert.deepEqual(await holds(userId), model.holds())
      },
    ),
    { numRuns: 60 },
  )
  assert.deepEqual(await faults(), [])
})

test('whatever comes at once, nothing is overspent, waits for another for ever, or fails to add up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), step), { minLength: 8, maxLength: 40 }), async steps => {
      const [ann, bob] = [await user(10), await user(10)]
      let granted = 0
      await Promise.all(
        steps.map(async ([first, step]) => {
          const done = await perform(database.system, (first ? ann : bob).userId, step)
          if (step.kind === 'grant' && done === true) granted += step.amount
        }),
      )
      const accounts = await Promise.all([ann, bob].map(({ userId }) => account(userId)))
      const { rows } = await sql<{ spent: number }>`
        select coalesce(sum(amount), 0)::float8 as spent from credit_entries
        where account = 'revenue' and user_id in (${ann.userId}, ${bob.userId})`.execute(database.system)
      const left = accounts.reduce((sum, { balance }) => sum + balance, 0)
      assert.equal(left + (rows[0]?.spent ?? Number.NaN), 20 + granted)
      for (const { balance, held } of accounts) assert.ok(0 <= held && held <= balance)
    }),
    { numRuns: 40 },
  )
  assert.deepEqual(await faults(), [])
})

test('calls for many accounts in one transaction, and sweeps beside them, do not lock each other out', async () => {
  const users = await Promise.all(Array.from({ length: 6 }, () => user(1000)))
  const ordered = users.map(({ userId }) => userId).sort()
  const rounds = Array.from({ length: 20 }, async (_, round) => {
    await store.run(
      ordered.map(user_id => ({
        kind: 'hold',
        user_id,
        amount: 1,
        reason: 'work',
        reference: `round:${round}`,
        seconds: -1,
        request_id: null,
      })),
    )
    await store.expire()
  })
  await Promise.all(rounds)
  await store.expire()
  for (const { userId } of users) assert.deepEqual(await account(userId), { balance: 1000, held: 0 })
})
