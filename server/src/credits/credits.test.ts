import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { context } from '../kit/context.ts'
import { newCaller } from '../testing/callers.ts'
import { bill, testLedger } from '../testing/ledger.ts'

const { credits, database, owner, clock, store, account, user, lapse, holds, faults } = await testLedger()
const insufficient = { code: 'insufficient-credits' }

test('1,000 holds at once hold what there is and not one credit more', async () => {
  const ann = await user(100)
  const held = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, index) => credits.hold(bill(ann.userId, 1, `work:${index}`), 60)),
  )
  assert.equal(held.filter(({ status }) => status === 'fulfilled').length, 100)
  for (const outcome of held)
    if (outcome.status === 'rejected') assert.equal(outcome.reason.code, insufficient.code)
  assert.deepEqual(await account(ann.userId), { balance: 100, held: 100 })
  assert.deepEqual(await faults(), [])
})

test('the house and what costs nothing are not asked for credits', async () => {
  const ann = await user(0)
  assert.equal(await credits.hold(bill(null, 5, 'house'), 60), null)
  assert.equal(await credits.charge(bill(ann.userId, 0, 'free'), 60, async () => 'done'), 'done')
  assert.deepEqual(await holds(ann.userId), {})
})

test('a hold ends once, whoever ends it and how often', async () => {
  const ann = await user(100)
  const hold = await credits.hold(bill(ann.userId, 40, 'raced'), 60)
  assert.ok(hold)
  const ends = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      store.run([
        index % 2 === 0
          ? { kind: 'settle', hold_id: hold.id, amount: 1 + index }
          : { kind: 'release', hold_id: hold.id },
      ]),
    ),
  )
  assert.equal(ends.flat().filter(ended => ended === true).length, 1)
  const { balance, held } = await account(ann.userId)
  assert.equal(held, 0)
  const won = ends.flat().indexOf(true)
  assert.equal(balance, won % 2 === 0 ? 100 - (1 + won) : 100)
  assert.deepEqual(await faults(), [])
})

test('what is settled for less gives the rest back, and never for more than was held', async () => {
  const ann = await user(100)
  const hold = await credits.hold(bill(ann.userId, 40, 'partly'), 60)
  await assert.rejects(credits.settle(hold, 41), /cannot be settled with 41/)
  await assert.rejects(credits.settle(hold, -1), /cannot be settled with -1/)
  assert.deepEqual(await account(ann.userId), { balance: 100, held: 40 })
  await credits.settle(hold, 25)
  assert.deepEqual(await account(ann.userId), { balance: 75, held: 0 })
})

test('one call that the ledger refuses does not fail those that came with it', async () => {
  const ann = await user(100)
  const first = await credits.hold(bill(ann.userId, 10, 'first'), 60)
  const outcomes = await Promise.allSettled([
    credits.hold(bill(ann.userId, 1, 'before'), 60),
    credits.settle(first, 11),
    credits.hold(bill(ann.userId, 1, 'after'), 60),
  ])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(await account(ann.userId), { balance: 100, held: 12 })
})

test('a hold whose work died ends by itself, is spent again at once, and what comes late takes what is left', async () => {
  const ann = await user(10)
  const dead = await credits.hold(bill(ann.userId, 10, 'dead'), 60)
  await assert.rejects(credits.hold(bill(ann.userId, 8, 'next'), 60), insufficient)
  await lapse(ann.userId, 'dead')
  assert.deepEqual(await credits.account(ann).then(({ balance, held }) => ({ balance, held })), {
    balance: 10,
    held: 0,
  })
  const next = await credits.hold(bill(ann.userId, 8, 'next'), 60)
  assert.deepEqual(await holds(ann.userId), { dead: 'expired', next: 'open' })
  await credits.settle(dead, 10)
  assert.deepEqual(await account(ann.userId), { balance: 8, held: 8 })
  await credits.settle(next, 8)
  assert.deepEqual(await account(ann.userId), { balance: 0, held: 0 })
  assert.deepEqual(await faults(), [])
})

test('the sweep ends what has expired of everyone, and nothing else', async () => {
  const users = await Promise.all([user(10), user(10), user(10)])
  for (const { userId } of users)
    for (const reference of ['old', 'young']) await credits.hold(bill(userId, 3, reference), 60)
  for (const { userId } of users) await lapse(userId, 'old')
  await Promise.all([credits.sweep(), credits.sweep()])
  for (const { userId } of users) {
    assert.deepEqual(await holds(userId), { old: 'expired', young: 'open' })
    assert.deepEqual(await account(userId), { balance: 10, held: 3 })
  }
})

test('the sweep forgets what was settled a month ago, and keeps its line and what can be held anew', async () => {
  const ann = await user(10)
  for (const reference of ['prediction:dead', 'report:dead'])
    await credits.hold(bill(ann.userId, 1, reference), 60)
  await lapse(ann.userId)
  for (const kind of ['prediction', 'run', 'llm', 'embedding'])
    await credits.release(await credits.hold(bill(ann.userId, 1, `${kind}:failed`), 60))
  await credits.hold(bill(ann.userId, 1, 'prediction:open'), 90 * 86_400)
  await credits.charge(bill(ann.userId, 1, 'paid'), 60, async () => {})
  await credits.hold(bill(ann.userId, 1, 'long'), 90 * 86_400)
  await credits.release(await credits.hold(bill(ann.userId, 1, 'back'), 60))
  await owner.query(`update credit_holds set created_at = now() - interval '31 days' where user_id = $1`, [
    ann.userId,
  ])
  await credits.charge(bill(ann.userId, 1, 'fresh'), 60, async () => {})
  await credits.sweep()
  assert.deepEqual(await holds(ann.userId), {
    back: 'released',
    fresh: 'settled',
    long: 'open',
    'prediction:open': 'open',
  })
  assert.equal((await account(ann.userId)).balance, 8)
  await assert.rejects(credits.hold(bill(ann.userId, 1, 'paid'), 60), /of another movement/)
})

test('the same reference is held and paid once; of another user it is another', async () => {
  const [ann, bob] = [await user(10), await user(10)]
  const at = bill(ann.userId, 4, 'job:1')
  const all = await Promise.all(Array.from({ length: 20 }, () => credits.hold(at, 60)))
  assert.equal(new Set(all.map(hold => hold?.id)).size, 1)
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 4 })
  assert.notEqual((await credits.hold({ ...at, userId: bob.userId }, 60))?.id, all[0]?.id)
  await assert.rejects(credits.hold({ ...at, amount: 5 }, 60), { code: 'conflict' })
  await credits.settle(all[0] ?? null, 4)
  const again = await credits.hold(at, 60)
  await credits.settle(again, 4)
  assert.deepEqual(await account(ann.userId), { balance: 6, held: 0 })

  const deduct = () =>
    sql<{ done: boolean }>`select deduct_credits(${ann.userId}, 2, 'rpc', 'order:1') as done`.execute(
      database.system,
    )
  const done = await Promise.all(Array.from({ length: 20 }, deduct))
  assert.ok(done.every(({ rows }) => rows[0]?.done === true))
  assert.deepEqual(await account(ann.userId), { balance: 4, held: 0 })
  assert.deepEqual(await faults(), [])
})

test('work that was released or has expired and is begun anew is held anew', async () => {
  const ann = await user(10)
  const at = bill(ann.userId, 6, 'job:2')
  await credits.release(await credits.hold(at, 60))
  const hold = await credits.hold(at, 60)
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 6 })
  await lapse(ann.userId)
  await credits.sweep()
  const other = await credits.hold(bill(ann.userId, 5, 'other'), 60)
  await assert.rejects(credits.hold(at, 60), insufficient)
  await credits.release(other)
  await credits.hold(at, 60)
  await credits.settle(hold, 6)
  assert.deepEqual(await account(ann.userId), { balance: 4, held: 0 })
  assert.deepEqual(await faults(), [])
})

test('a hold that is asked for again lasts longer from then on', async () => {
  const ann = await user(10)
  const at = bill(ann.userId, 6, 'job:3')
  await credits.hold(at, 60)
  await lapse(ann.userId)
  await credits.hold(at, 60)
  await credits.sweep()
  assert.deepEqual(await holds(ann.userId), { 'job:3': 'open' })
})

test('a hold and its end go with the transaction that they are in', async () => {
  const ann = await user(10)
  const at = bill(ann.userId, 6, 'job:4')
  const broken = database.as(ann, async db => {
    assert.ok(await credits.holdIn(db, at, 60))
    throw new Error('the work was not added')
  })
  await assert.rejects(broken, /not added/)
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 0 })
  const hold = await database.as(ann, db => credits.holdIn(db, at, 60))
  assert.ok(hold)
  await assert.rejects(
    database.asSystem(async db => {
      await credits.settleIn(db, hold.id, 6)
      throw new Error('the work did not end')
    }),
  )
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 6 })
  await database.asSystem(db => credits.releaseIn(db, hold.id))
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 0 })
})

test('grants add up, take back no more than is neither spent nor held, and stay exact numbers', async () => {
  const ann = await user(10)
  const root = await newCaller(database.system, 'admin')
  await credits.hold(bill(ann.userId, 4, 'held'), 60)
  assert.deepEqual(await credits.grant(root, ann.userId, 5, 'gift'), { balance: 15, held: 4 })
  await assert.rejects(credits.grant(root, ann.userId, -12, 'back'), {
    code: 'conflict',
    message: /has 11 credits .* 12 can be taken back/,
  })
  assert.deepEqual(await credits.grant(root, ann.userId, -11, 'back'), { balance: 4, held: 4 })
  await lapse(ann.userId)
  assert.deepEqual(await credits.grant(root, ann.userId, -4, 'back'), { balance: 0, held: 0 })
  await assert.rejects(credits.grant(root, ann.userId, Number.MAX_SAFE_INTEGER + 1, 'all'), {
    code: 'conflict',
  })
  await credits.grant(root, ann.userId, Number.MAX_SAFE_INTEGER, 'most')
  assert.equal((await credits.account(ann)).balance, Number.MAX_SAFE_INTEGER)
  await assert.rejects(credits.grant(root, ann.userId, 1, 'more'), { code: 'conflict' })
  const nobody = '0190a6f0-0000-7000-8000-000000000000'
  await assert.rejects(credits.grant(root, nobody, 1, 'gift'), { code: 'resource-not-found' })
  assert.deepEqual(await faults(), [])
})

test('lines of the ledger name the work and the request', async () => {
  const ann = await user(10)
  await context.run({ requestId: 'request-7', userId: ann.userId }, () =>
    credits.charge(bill(ann.userId, 3, 'named'), 60, async () => {}),
  )
  const [line] = await credits.entries(ann, { limit: 1 })
  assert.deepEqual([line?.amount, line?.reference, line?.request_id], [-3, 'named', 'request-7'])
})

test('a month’s credits are given once to everyone whose plan has some, and anew in the next month', async () => {
  const [ann, bob, eve] = [await user(0), await user(0), await user(0)]
  await owner.query(`update plans set monthly_credits = 30 where name = 'pro'`)
  await owner.query(`update users set plan = 'pro' where id = any($1)`, [[ann.userId, bob.userId]])
  await owner.query(`update users set banned_at = now() where id = $1`, [bob.userId])
  await Promise.all([credits.renew(), credits.renew()])
  assert.equal(await credits.renew(), 0)
  const balances = () =>
    Promise.all([ann, bob, eve].map(async ({ userId }) => (await account(userId)).balance))
  assert.deepEqual(await balances(), [30, 0, 0])
  clock.turn(20 * 86_400_000)
  assert.equal(await credits.renew(), 1)
  assert.deepEqual(await balances(), [60, 0, 0])
  const lines = await credits.entries(ann, { limit: 2 })
  assert.deepEqual(
    lines.map(({ amount, reason, reference }) => [amount, reason, reference]),
    [
      [30, 'plan-month', 'month:2026-12'],
      [30, 'plan-month', 'month:2026-11'],
    ],
  )
})
