import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bill, testLedger } from '../testing/ledger.ts'

const { credits, database, owner, account, user, lapse, holds, faults } = await testLedger()
const insufficient = { code: 'insufficient-credits' }

test('work is paid in full before its result is given, and a failure costs nothing', async () => {
  const ann = await user(10)
  const during: unknown[] = []
  const work = async () => during.push(await account(ann.userId))
  await credits.charge(bill(ann.userId, 4, 'good'), 60, work)
  await assert.rejects(
    credits.charge(bill(ann.userId, 6, 'bad'), 60, async () => {
      await work()
      throw new Error('it broke')
    }),
    /it broke/,
  )
  await assert.rejects(credits.charge(bill(ann.userId, 7, 'dear'), 60, work), insufficient)
  assert.deepEqual(during, [
    { balance: 10, held: 4 },
    { balance: 6, held: 6 },
  ])
  assert.deepEqual(await account(ann.userId), { balance: 6, held: 0 })
  assert.deepEqual(await holds(ann.userId), { bad: 'released', good: 'settled' })
})

test('work that is done again under the same reference is paid once', async () => {
  const ann = await user(10)
  const done: number[] = []
  for (const turn of [1, 2])
    await credits.charge(bill(ann.userId, 4, 'prediction:again'), 60, async () => done.push(turn))
  assert.deepEqual(done, [1, 2])
  assert.deepEqual(await account(ann.userId), { balance: 6, held: 0 })
})

test('work that was begun at another price is refused until what is held for it has ended', async () => {
  const ann = await user(10)
  const reference = 'prediction:dearer'
  await credits.hold(bill(ann.userId, 4, reference), 60)
  const work = async () => assert.fail('it is not paid')
  const dearer = bill(ann.userId, 5, reference)
  await assert.rejects(credits.charge(dearer, 60, work), { code: 'conflict', message: /another price/ })
  await assert.rejects(
    database.asSystem(db => credits.holdIn(db, dearer, 60)),
    { code: 'conflict' },
  )
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 4 })
  await lapse(ann.userId)
  await credits.sweep()
  await credits.charge(dearer, 60, async () => {})
  assert.deepEqual(await account(ann.userId), { balance: 5, held: 0 })
})

test('work whose payment takes longer than the database is waited for is given, and paid once', async t => {
  const ann = await user(10)
  await owner.query(`
    create function take_long() returns trigger language plpgsql as $$
    begin perform pg_sleep(2.3); return null; end $$`)
  t.after(() => owner.query('drop function take_long cascade'))
  await owner.query(`
    create constraint trigger take_long after update on credit_holds deferrable initially deferred
    for each row when (new.reference = 'prediction:long') execute function take_long()`)
  await owner.query('grant execute on function take_long to public')
  const given = await credits.charge(bill(ann.userId, 4, 'prediction:long'), 60, async () => 'given')
  assert.equal(given, 'given')
  assert.deepEqual(await account(ann.userId), { balance: 6, held: 0 })
  assert.deepEqual(await faults(), [])
})

test('work whose hold is gone by its end is an error, not a gift', async () => {
  const ann = await user(10)
  const at = bill(ann.userId, 4, 'prediction:gone')
  const work = async () => credits.release(await credits.hold(at, 60))
  await assert.rejects(credits.charge(at, 60, work), /is released/)
  await assert.rejects(
    credits.chargeIn(at, 60, async pay => {
      await work()
      await database.asSystem(pay)
    }),
    /is released/,
  )
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 0 })
})

test('work that ends in a transaction is paid when that is, and only then', async () => {
  const ann = await user(10)
  const at = bill(ann.userId, 4, 'report:1')
  await assert.rejects(
    credits.chargeIn(at, 60, pay =>
      database.asSystem(async db => {
        await pay(db)
        throw new Error('it was not stored')
      }),
    ),
    /not stored/,
  )
  assert.deepEqual(await account(ann.userId), { balance: 10, held: 0 })
  assert.deepEqual(await holds(ann.userId), { 'report:1': 'released' })
  for (const turn of [1, 2])
    assert.equal(await credits.chargeIn(at, 60, pay => database.asSystem(pay).then(() => turn)), turn)
  assert.equal(
    await credits.chargeIn(bill(null, 4, 'report:2'), 60, async pay => pay(database.system)),
    undefined,
  )
  assert.deepEqual(await account(ann.userId), { balance: 6, held: 0 })
  assert.deepEqual(await faults(), [])
})

test('work that is ended early and begun again pays what is not paid yet, and never twice', async () => {
  const ann = await user(100)
  const { userId } = ann
  const settle = (amount: number) =>
    database.asSystem(db => credits.settleUpToIn(db, userId, 'job:a', amount))
  const paid = () => credits.paidIn(database.system, userId, 'job:a')
  await credits.hold(bill(userId, 40, 'job:a'), 60)
  await credits.hold(bill(userId, 5, 'job:ab'), 60)
  await settle(0)
  assert.deepEqual(await account(userId), { balance: 100, held: 5 })
  await credits.hold(bill(userId, 40, 'job:a:1'), 60)
  await settle(15)
  assert.deepEqual([await account(userId), await paid()], [{ balance: 85, held: 5 }, 15])
  await credits.hold(bill(userId, 25, 'job:a:2'), 60)
  // Someone's own hold beside it takes nothing away from what is to be paid.
  await credits.hold(bill(userId, 1, 'job:a:zz'), 60)
  await settle(38)
  assert.deepEqual([await account(userId), await paid()], [{ balance: 62, held: 5 }, 38])
  await settle(38)
  await credits.hold(bill(userId, 2, 'job:a:3'), 60)
  await lapse(userId, 'job:a:3')
  await credits.sweep()
  await settle(40)
  assert.deepEqual([await account(userId), await paid()], [{ balance: 60, held: 5 }, 40])
  assert.deepEqual(await faults(), [])
})

test('what nobody could know before takes no more than there is to spare', async () => {
  const ann = await user(20)
  await credits.hold(bill(ann.userId, 12, 'other'), 60)
  const deduct = (amount: number, reference: string) =>
    database.asSystem(db => credits.deductUpToIn(db, bill(ann.userId, amount, reference)))
  await deduct(5, 'seconds:1')
  await deduct(5, 'seconds:1')
  assert.deepEqual(await account(ann.userId), { balance: 15, held: 12 })
  await deduct(5, 'seconds:2')
  await deduct(5, 'seconds:3')
  assert.deepEqual(await account(ann.userId), { balance: 12, held: 12 })
  assert.equal(await credits.paidIn(database.system, ann.userId, 'seconds'), 8)
  assert.deepEqual(await faults(), [])
})
