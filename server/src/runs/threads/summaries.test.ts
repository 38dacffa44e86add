import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type AgentConfig, agentConfig } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { silentLog } from '../../kit/log.ts'
import type { ChatBody } from '../../ports/llm.ts'
import type { Providers, Target } from '../../providers/provider.ts'
import { testLedger } from '../../testing/ledger.ts'
import { modelOf } from '../../testing/provider-fixture.ts'
import { memberRights, newRun } from '../../testing/stored-run.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import type { Run } from '../run.ts'
import { createRunStore } from '../store.ts'
import { openThread, remember, remembered } from '../threads.ts'
import { traceOf } from '../trace.ts'
import { createSummaries } from './summaries.ts'

const { database, credits, user, account, faults } = await testLedger()
const { system } = database
const memory = { messages: 2, summarise: true }

/** Someone with credits, and a thread of theirs in which so many questions were answered. */
async function chat(turns: number, balance = 5000) {
  const caller = await user(balance)
  const [agentId, id] = [randomUUID(), randomUUID()]
  await sql`insert into agents (id, slug, name, draft) values (${agentId}, ${agentId}, 'Agent', '{}')`.execute(
    system,
  )
  await database.as(caller, db => openThread(db, { id, agentId, ownerId: caller.userId }))
  const first = await endedRun({ agentId, ownerId: caller.userId, threadId: id })

  function say(question: string, answer: string): Promise<void> {
    return database.asSystem(db =>
      remember(db, { ...first, input: [{ role: 'user', content: question }] }, answer),
    )
  }

  for (let turn = 1; turn <= turns; turn += 1) await say(`question ${turn}`, `answer ${turn}`)
  return {
    userId: caller.userId,
    say,
    run: (config: Partial<AgentConfig> = {}, credits = 0) =>
      endedRun({
        agentId,
        ownerId: caller.userId,
        threadId: id,
        credits,
        config: agentConfig.parse({ model: 'model', memory, ...config }),
      }),
    shown: () => database.as(caller, db => remembered(db, id, memory)),
  }
}

async function endedRun(more: Partial<Run>): Promise<Run> {
  const run = newRun({
    status: 'done',
    stopped: 'answered',
    output: 'Hello',
    finishedAt: new Date(),
    ...more,
  })
  await createRunStore(system).insert({ ...run, status: 'running' }, memberRights, [{ seq: 1, data: '{}' }])
  await sql`update runs set status = 'done', finished_at = now(), credits = ${run.credits} where id = ${run.id}`.execute(
    system,
  )
  return run
}

/** A model with a credit per token of its answers, which says these; null: nothing, until nobody listens any more. */
function summarising(...says: readonly (string | Promise<string> | null)[]) {
  const clock = turnedClock(Date.parse('2026-11-21T12:00:00Z'))
  const target: Target = {
    provider: 'first',
    isDemo: false,
    model: modelOf('model', { outputPrice: 1_000_000 }),
  }
  const asked: ChatBody[] = []
  const providers: Pick<Providers, 'complete' | 'find' | 'findFor' | 'withFallbacks'> = {
    find: () => target,
    findFor: () => target,
    withFallbacks: targets => targets,
    async complete(_targets, request, signal) {
      const said = says[asked.length]
      asked.push(structuredClone(request))
      assert.ok(said !== undefined, 'the model was asked once more than expected')
      const content = await said
      if (content === null)
        return await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        )
      return {
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
      }
    },
  }
  const dependencies = { providers, credits, database, clock, log: silentLog }
  return { asked, clock, ...createSummaries(dependencies) }
}

test('a thread that has grown is summarised behind the run that makes it so, which pays for it', async () => {
  const { userId, run, shown } = await chat(4)
  const { make, asked } = summarising('They talked.')
  const ended = await run({}, 2)
  await make(ended)
  const said = JSON.stringify(asked[0])
  assert.match(said, /question 1.*answer 3/)
  assert.doesNotMatch(said, /question 4/)
  assert.deepEqual(await shown(), [
    { role: 'system', content: 'What was said before, in short:\nThey talked.' },
    { role: 'user', content: 'question 4' },
    { role: 'assistant', content: 'answer 4' },
  ])
  assert.deepEqual(await account(userId), { balance: 4990, held: 0 })
  const view = await createRunStore(system).byId(ended.id)
  assert.deepEqual([view?.credits, view?.usage.inputTokens, view?.usage.outputTokens], [12, 100, 10])
  const [, span] = traceOf(ended, await createRunStore(system).steps(ended.id))
  assert.deepEqual([span?.name, span?.credits, span?.attributes.purpose], ['first/model', 10, 'summary'])
  assert.deepEqual(await faults(), [])
})

test('the next summary has the one before and what came since, and is not made before there is enough', async () => {
  const { run, say, shown } = await chat(4)
  const { make, asked } = summarising('First.', 'Second.')
  await make(await run())
  await make(await run())
  assert.equal(asked.length, 1)
  for (const turn of [5, 6]) await say(`question ${turn}`, `answer ${turn}`)
  await make(await run())
  assert.match(JSON.stringify(asked[1]), /Before: First\..*question 4.*answer 5/)
  assert.equal((await shown())[0]?.content, 'What was said before, in short:\nSecond.')
})

test('of two summaries of one thread at once one is kept, and one is paid', async () => {
  const { userId, run } = await chat(4)
  const { promise, resolve } = Promise.withResolvers<string>()
  const { make, asked } = summarising(promise, promise)
  const making = [make(await run()), make(await run())]
  await until(() => asked.length === 2, 'both are asked for')
  resolve('They talked.')
  await Promise.all(making)
  assert.deepEqual(await account(userId), { balance: 4990, held: 0 })
})

test('a summary that takes too long, or whose process stops, costs nothing, and the thread is as it was', async () => {
  const { userId, run, shown } = await chat(4)
  const slow = summarising(null)
  const making = slow.make(await run())
  await until(() => slow.asked.length === 1, 'the summary is asked for')
  slow.clock.turn(20_000)
  await making
  assert.deepEqual(await account(userId), { balance: 5000, held: 0 })

  const stopping = summarising(null)
  const left = stopping.make(await run())
  await until(() => stopping.asked.length === 1, 'the summary is asked for')
  await stopping.close()
  await left
  assert.deepEqual(await account(userId), { balance: 5000, held: 0 })
  assert.equal((await shown()).length, 5)
  await stopping.make(await run())
  assert.equal(stopping.asked.length, 1)
})

test('a summary that fails, says nothing or cannot be paid for changes neither the account nor the thread', async () => {
  const { userId, run, shown } = await chat(4)
  await summarising().make(await run())
  await summarising('').make(await run())
  assert.deepEqual(await account(userId), { balance: 5000, held: 0 })
  assert.equal((await shown()).length, 5)

  const poor = await chat(4, 100)
  const { make, asked } = summarising('They talked.')
  await make(await poor.run())
  await make(await run({ limits: { max_credits: 20 } }, 20))
  assert.equal(asked.length, 0)
  assert.deepEqual(await account(poor.userId), { balance: 100, held: 0 })
})

test('a thread with long messages is summarised as far back as they fit, and goes on from there', async () => {
  const { run, say, shown } = await chat(0)
  for (const letter of ['a', 'b', 'c', 'd']) await say(letter.repeat(400_000), `ok ${letter}`)
  const { make, asked } = summarising('They wrote a lot.')
  await make(await run())
  const said = JSON.stringify(asked[0])
  assert.match(said, /ok a.*bbb.*ok b.*ccc.*ok c/)
  assert.doesNotMatch(said, /aaa|ddd/)
  assert.deepEqual(
    (await shown()).map(({ content }) => content.slice(-5)),
    [' lot.', 'ddddd', 'ok d'],
  )
})
