import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Bill } from '../../credits/within.ts'
import { testLedger } from '../../testing/ledger.ts'
import { modelOf } from '../../testing/provider-fixture.ts'
import { calls, chunk, says, scriptedRun, tool, usage } from '../../testing/scripted-run.ts'

/** A credit for each token of an answer. */
const dear = { inputPrice: 0, outputPrice: 1_000_000 }
const broke = new Problem('provider-failed', 'The answer broke off.')
const paidFor = (outcome: { credits: number }) => outcome.credits

test('a run pays for its tokens, its agent and the house, once', async () => {
  const house = scriptedRun({
    balance: 1000,
    prices: dear,
    runPrice: 2,
    config: { price: 5, max_tokens: 50 },
    scripts: [
      [...calls(['a', 'go', '{}']), usage(10, 4)],
      [...says('Hi'), usage(10, 3)],
    ],
    tools: [tool({ name: 'go' })],
  })
  const outcome = await house.go()
  assert.equal(paidFor(outcome), 5 + 2 + 4 + 3)
  assert.deepEqual(
    house.steps().map(({ credits }) => credits),
    [11, 0, 3],
  )
  house.ledger.end(outcome.credits)
  assert.deepEqual([house.ledger.paid(), house.ledger.held()], [14, 0])
})

test('no run holds more at a time than one step may cost', async () => {
  const house = scriptedRun({
    balance: 65,
    prices: dear,
    config: { max_tokens: 50 },
    scripts: [
      [...calls(['a', 'go', '{}']), usage(1, 5)],
      [...calls(['b', 'go', '{}']), usage(1, 5)],
      [...calls(['c', 'go', '{}']), usage(1, 5)],
      [...says('Hi'), usage(1, 5)],
    ],
    tools: [tool({ name: 'go' })],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'done')
  assert.equal(paidFor(outcome), 20)
})

test('many cheap steps are rounded up once, not each', async () => {
  const house = scriptedRun({
    balance: 100,
    prices: { inputPrice: 0, outputPrice: 1000 },
    config: { max_tokens: 100 },
    scripts: [
      [...calls(['a', 'go', '{}']), usage(1, 50)],
      [...calls(['b', 'go', '{}']), usage(1, 50)],
      [...says('Hi'), usage(1, 50)],
    ],
    tools: [tool({ name: 'go' })],
  })
  const outcome = await house.go()
  assert.equal(paidFor(outcome), 1)
  house.ledger.end(1)
})

test('whoever has no account, or has paid already, pays nothing', async () => {
  const house = scriptedRun({
    prices: dear,
    runPrice: 9,
    config: { price: 9 },
    scripts: [[...says('Hi'), usage(1, 5)]],
  })
  const outcome = await house.go()
  assert.equal(paidFor(outcome), 0)
  assert.equal(house.ledger.holds.size, 0)
})

test('a step that the account cannot pay for is not begun', async () => {
  const house = scriptedRun({
    balance: 55,
    prices: dear,
    config: { max_tokens: 50 },
    scripts: [[...calls(['a', 'go', '{}']), usage(1, 20)]],
    tools: [tool({ name: 'go' })],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'failed')
  assert.equal(
    outcome.kind === 'failed' && outcome.error instanceof Problem && outcome.error.code,
    'insufficient-credits',
  )
  house.ledger.end(outcome.credits)
  assert.equal(house.ledger.paid(), 20)
})

test('an answer is cut off when what the agent may spend is spent, and what came of it is paid', async () => {
  const house = scriptedRun({
    balance: 1000,
    prices: dear,
    config: { limits: { max_credits: 3 } },
    scripts: [says('a', 'b', 'c', 'd', 'e', 'f')],
  })
  const outcome = await house.go()
  assert.deepEqual(outcome.kind === 'done' && [outcome.stopped, outcome.output], ['credits', 'abcd'])
  assert.equal(paidFor(outcome), 3)
  assert.equal(house.steps()[0]?.usage.isEstimated, true)
  house.ledger.end(3)
})

test('without a limit of the agent an answer goes on while there are credits, and not a token longer', async () => {
  const words = (count: number) => Array.from({ length: count }, () => 'word')
  const rich = scriptedRun({ balance: 10_000, prices: dear, scripts: [says(...words(5000))] })
  const whole = await rich.go()
  assert.deepEqual(whole.kind === 'done' && [whole.stopped, whole.credits], ['answered', 5000])
  rich.ledger.end(5000)

  const poor = scriptedRun({ balance: 4100, prices: dear, scripts: [says(...words(5000))] })
  const cut = await poor.go()
  assert.deepEqual(cut.kind === 'done' && [cut.stopped, cut.credits], ['credits', 4096])
  poor.ledger.end(4096)
})

test('tokens that the provider does not count are estimated and paid', async () => {
  const house = scriptedRun({
    balance: 100,
    prices: dear,
    config: { max_tokens: 50 },
    scripts: [says('twelve chars')],
  })
  assert.equal(paidFor(await house.go()), 3)
})

test('what a cancelled run has produced is paid, what a lost or handed over answer has is not', async () => {
  for (const [reason, credits] of [
    ['cancelled', 2],
    ['handed-back', 0],
  ] as const) {
    const stop = new AbortController()
    const house = scriptedRun({
      balance: 100,
      prices: dear,
      config: { max_tokens: 50 },
      scripts: [[chunk({ content: 'some' }), chunk({ content: 'text' }), () => stop.abort(reason)]],
    })
    const outcome = await house.go({ signal: stop.signal })
    assert.equal(paidFor(outcome), credits, reason)
    house.ledger.end(credits)
    assert.equal(house.ledger.held(), 0)
  }
})

test('an answer that broke off is paid as far as it came, and the fixed prices once', async () => {
  const house = scriptedRun({
    balance: 1000,
    prices: dear,
    config: { max_tokens: 50, price: 7 },
    scripts: [
      [chunk({ content: 'abcd' }), broke],
      [...says('whole'), usage(1, 9)],
    ],
  })
  const outcome = await house.go()
  assert.equal(paidFor(outcome), 7 + 1 + 9)
  house.ledger.end(outcome.credits)
})

test('a run that never got an answer costs nothing', async () => {
  const house = scriptedRun({
    balance: 100,
    dead: ['first'],
    prices: dear,
    config: { price: 7, max_tokens: 5 },
  })
  const outcome = await house.go()
  assert.deepEqual([outcome.kind, outcome.credits], ['failed', 0])
  house.ledger.end(0)
  assert.deepEqual([house.ledger.paid(), house.ledger.held()], [0, 0])
})

test('what was held when the run was made is what its first step holds', async () => {
  const house = scriptedRun({
    balance: 1000,
    prices: { inputPrice: 3_000_000, outputPrice: 2_000_000 },
    runPrice: 1,
    config: { max_tokens: 50, system_prompt: 'Be brief.' },
    scripts: [says('Hi'), says('Hi')],
    tools: [tool({ name: 'go' })],
  })
  const { bill } = await house.firstHold()
  const held = await house.ledger.hold(bill)
  // Whether the loop is told of it or holds it again.
  for (const known of [{ held }, {}]) await house.go(known)
  assert.deepEqual([...house.ledger.holds.keys()], [bill.reference])
})

test('a run waits for a database that is away, and holds once', async () => {
  const house = scriptedRun({ balance: 100, prices: dear, config: { max_tokens: 50 }, scripts: [says('Hi')] })
  let failures = 2
  const credits = {
    ...house.ledger,
    async hold(bill: Bill) {
      const hold = await house.ledger.hold(bill)
      // The answer is lost, not the hold.
      if (failures-- > 0) throw new Problem('database-unavailable', 'The database does not answer.')
      return hold
    },
  }
  const outcome = await house.go({}, { credits })
  assert.equal(outcome.kind, 'done')
  assert.equal(house.ledger.holds.size, 1)
})

const ledger = await testLedger()

test('who may stand in for a free model is held for, and paid at its own price', async () => {
  const spare = { provider: 'spare', isDemo: false, model: modelOf('dear', { outputPrice: 1_000_000 }) }
  const options = { dead: ['first'], spares: [spare], config: { max_tokens: 50 } }
  const rich = scriptedRun({ ...options, balance: 60, scripts: [[...says('Hi'), usage(1, 9)]] })
  assert.equal((await rich.firstHold()).bill.amount, 50)
  const outcome = await rich.go()
  assert.deepEqual([outcome.kind, outcome.credits], ['done', 9])
  rich.ledger.end(9)

  const poor = await scriptedRun({ ...options, balance: 40 }).go()
  assert.equal(poor.kind === 'failed' && isProblem(poor.error) && poor.error.code, 'insufficient-credits')
})

/** Goes on with the run in another process and ends it as the transaction does that ends runs. What it came to. */
async function endInLedger(userId: string, house: ReturnType<typeof scriptedRun>): Promise<number> {
  const outcome = await house.go({ attempt: 2 }, { credits: ledger.credits })
  assert.equal(outcome.kind, 'done')
  await ledger.database.asSystem(db =>
    ledger.credits.settleUpToIn(db, userId, `run:${house.runId}`, outcome.credits),
  )
  return outcome.credits
}

test('a tool with a price is paid for each call that was not in vain, beside the tokens', async () => {
  const house = scriptedRun({
    balance: 100,
    prices: dear,
    config: { max_tokens: 10 },
    scripts: [
      calls(['a', 'look', '{}'], ['b', 'look', '{}'], ['c', 'fail', '{}']),
      [...says('Done'), usage(0, 3)],
    ],
    tools: [
      tool({ name: 'look', price: 5 }),
      tool({
        name: 'fail',
        price: 7,
        call: () => {
          throw new Error('broken')
        },
      }),
    ],
  })
  const outcome = await house.go()
  const tools = house.steps().filter(({ kind }) => kind === 'tool')
  assert.deepEqual(tools.map(({ credits }) => credits).toSorted(), [0, 5, 5])
  const tokens = house.steps().reduce((sum, { kind, credits }) => (kind === 'llm' ? sum + credits : sum), 0)
  assert.equal(outcome.credits, tokens + 10)
  house.ledger.end(outcome.credits)
  assert.equal(house.ledger.held(), 0)
})

test('tools that the account or the agent cannot pay for are not called', async () => {
  const priced = tool({ name: 'look', price: 5, call: () => assert.fail('it was called') })
  const script = calls(['a', 'look', '{}'])
  const poor = scriptedRun({ balance: 4, scripts: [script], tools: [priced] })
  const outcome = await poor.go()
  assert.ok(outcome.kind === 'failed' && outcome.error instanceof Problem)
  assert.equal(outcome.error.code, 'insufficient-credits')

  const limited = scriptedRun({
    balance: 100,
    config: { limits: { max_credits: 4 } },
    scripts: [script],
    tools: [priced],
  })
  const stopped = await limited.go()
  assert.deepEqual(stopped.kind === 'done' && [stopped.stopped, stopped.credits], ['credits', 0])
})

test('in the real ledger: what a process could not write down before it was left is paid by the next', async () => {
  const ann = await ledger.user(100)
  const stop = new AbortController()
  const house = scriptedRun({
    owner: ann.userId,
    prices: dear,
    config: { max_tokens: 40, price: 3 },
    scripts: [
      [...calls(['a', 'go', '{}']), usage(1, 2)],
      [...says('Second'), usage(1, 6)],
    ],
    tools: [tool({ name: 'go' })],
  })
  house.refuseToWrite(() => stop.abort('handed-back'))
  assert.equal((await house.go({ signal: stop.signal }, { credits: ledger.credits })).kind, 'left')
  house.refuseToWrite(null)
  assert.equal(await endInLedger(ann.userId, house), 9)
  assert.deepEqual(await ledger.account(ann.userId), { balance: 91, held: 0 })
})

test('in the real ledger: what was held for an answer that is handed over is free, and can be held again', async () => {
  const ann = await ledger.user(50)
  const stop = new AbortController()
  const house = scriptedRun({
    owner: ann.userId,
    prices: dear,
    config: { max_tokens: 40 },
    scripts: [[chunk({ content: 'half' }), () => stop.abort('handed-back')]],
  })
  assert.equal((await house.go({ signal: stop.signal }, { credits: ledger.credits })).kind, 'left')
  assert.deepEqual(await ledger.account(ann.userId), { balance: 50, held: 0 })
  assert.deepEqual(Object.values(await ledger.holds(ann.userId)), ['released'])
})

test('in the real ledger: a run that dies and goes on is paid once, and nothing stays held', async () => {
  const ann = await ledger.user(100)
  const stop = new AbortController()
  const house = scriptedRun({
    owner: ann.userId,
    prices: dear,
    config: { max_tokens: 40, price: 3 },
    scripts: [
      [...calls(['a', 'go', '{}']), usage(1, 5)],
      // The process dies here: its hold stays, and nothing of the answer is known to the next.
      [chunk({ content: 'half' }), () => stop.abort('lost')],
      [...says('whole'), usage(1, 6)],
    ],
    tools: [tool({ name: 'go' })],
  })
  assert.equal((await house.go({ signal: stop.signal }, { credits: ledger.credits })).kind, 'left')
  assert.equal(await endInLedger(ann.userId, house), 14)
  assert.deepEqual(await ledger.account(ann.userId), { balance: 86, held: 0 })
  assert.deepEqual(await ledger.faults(), [])
})
