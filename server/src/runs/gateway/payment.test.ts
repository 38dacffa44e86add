import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import type { Hold } from '../../credits/within.ts'
import { testLedger } from '../../testing/ledger.ts'
import { modelOf } from '../../testing/provider-fixture.ts'
import { createPayments } from './payment.ts'

const ledger = await testLedger()
const away = new Problem('database-unavailable', 'The database does not answer.')
/** A credit for each token of an answer. */
const model = modelOf('dear', { outputPrice: 1_000_000 })

function openPayment(userId: string, limit: number | undefined, credits = ledger.credits) {
  const order = { userId, models: [model], callId: 'call', reason: 'model dear', inputTokens: () => 0 }
  return createPayments({ credits, db: ledger.database.system })({ ...order, maxOutputTokens: limit })
}

const used = (outputTokens: number) => ({ inputTokens: 0, outputTokens })

test('an answer is paid once, also when the database is away as it ends or its reply is lost', async () => {
  const { userId } = await ledger.user(100)
  let failures = 3
  const credits = {
    ...ledger.credits,
    async settle(hold: Hold, amount: number) {
      failures -= 1
      if (failures === 2) throw away
      const isEnded = await ledger.credits.settle(hold, amount)
      if (failures >= 0) throw away
      return isEnded
    },
  }
  const payment = await openPayment(userId, 40, credits)
  assert.equal(await payment.settle(model, used(30)), 30)
  assert.deepEqual(await ledger.account(userId), { balance: 70, held: 0 })
  assert.deepEqual(await ledger.faults(), [])
})

test('what is told as paid is what was taken, where the account has not enough', async () => {
  const { userId } = await ledger.user(50)
  const payment = await openPayment(userId, 40)
  assert.equal(await payment.settle(model, used(70)), 50)
  assert.deepEqual(await ledger.account(userId), { balance: 0, held: 0 })
})

test('held is what the dearest of those that may answer takes, paid what the one takes that did', async () => {
  const { userId } = await ledger.user(100)
  const models = [modelOf('free'), model, modelOf('cheap', { outputPrice: 100_000 })]
  const order = { userId, models, reason: 'model free', inputTokens: () => 0, maxOutputTokens: 40 }
  const open = createPayments({ credits: ledger.credits, db: ledger.database.system })
  for (const [answering, paid] of [
    [models[0], 0],
    [models[1], 30],
    [models[2], 3],
  ] as const) {
    assert.ok(answering)
    const before = await ledger.account(userId)
    const payment = await open({ ...order, callId: answering.name })
    assert.equal((await ledger.account(userId)).held, 40)
    assert.equal(await payment.settle(answering, used(30)), paid)
    assert.deepEqual(await ledger.account(userId), { balance: before.balance - paid, held: 0 })
  }
})

test('an answer is let go on as far as the client wants and the account has', async () => {
  const { userId } = await ledger.user(9000)
  const limited = await openPayment(userId, 1000)
  assert.ok(limited.coveredTokens() >= 1000 && limited.coveredTokens() < 3000)
  assert.equal(await limited.extend(), false)
  await limited.release()

  const open = await openPayment(userId, undefined)
  assert.equal(open.coveredTokens(), 4096)
  assert.equal(await open.extend(), true)
  assert.equal(open.coveredTokens(), 8192)
  assert.equal(await open.extend(), false)
  await open.release()
  assert.deepEqual(await ledger.account(userId), { balance: 9000, held: 0 })
})
