import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import type { RunMessage } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import { newCaller } from '../testing/callers.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { createThreadStore } from './threads/store.ts'
import { openThread, remember, remembered } from './threads.ts'

const { database } = await openTestDatabase<never>({ after }, { max: 2, systemMax: 2 })
const [ann, bob] = [await newCaller(database.system), await newCaller(database.system)]

async function newAgent(): Promise<string> {
  const id = randomUUID()
  await sql`insert into agents (id, slug, name, draft) values (${id}, ${id}, 'Agent', '{}')`.execute(
    database.system,
  )
  return id
}

const agentId = await newAgent()
const runId = randomUUID()
await sql`insert into runs (id, agent_id, status, mode, config, input, memory, is_charged, rights)
  values (${runId}, ${agentId}, 'running', 'inline', '{}', '[]', '[]', false, '{}')`.execute(database.system)

function open(caller: Parameters<typeof database.as>[0], id: string, agent = agentId): Promise<void> {
  return database.as(caller, db => openThread(db, { id, agentId: agent, ownerId: caller.userId }))
}

/** A thread of Ann's in which so many questions were answered. */
async function thread(turns: number): Promise<string> {
  const id = randomUUID()
  await open(ann, id)
  for (let turn = 1; turn <= turns; turn += 1) await answer(id, `question ${turn}`, `answer ${turn}`)
  return id
}

function answer(threadId: string, question: string, output: string): Promise<void> {
  const input: RunMessage[] = [{ role: 'user', content: question }]
  return database.asSystem(db => remember(db, { id: runId, threadId, input }, output))
}

/** A run of Ann's under way in it. */
async function run(threadId: string): Promise<void> {
  await sql`insert into runs (id, agent_id, owner_id, thread_id, status, mode, config, input, memory, is_charged, rights)
    values (${randomUUID()}, ${agentId}, ${ann.userId}, ${threadId}, 'running', 'inline', '{}', '[]', '[]', false, '{}')`.execute(
    database.system,
  )
}

function shown(id: string, memory: Parameters<typeof remembered>[2]): Promise<RunMessage[]> {
  return database.as(ann, db => remembered(db, id, memory))
}

test('a new id makes a thread of the caller, which nobody else finds', async () => {
  const id = randomUUID()
  await open(ann, id)
  await open(ann, id)
  await assert.rejects(open(bob, id), { code: 'resource-not-found' })
  await open(serviceCaller('test'), id)
})

test('conversations are listed by their first question, the last used first, to their owner alone', async () => {
  const [first, last] = [await thread(2), await thread(1)]
  const derived = `${randomUUID().slice(0, 14)}8${randomUUID().slice(15)}`
  await open(ann, derived)
  for (const id of [first, last, derived]) await run(id)
  const list = (caller: typeof ann, before?: { usedAt: Date; id: string }) =>
    database.as(caller, db => createThreadStore(db).list(caller.userId, { agentId, limit: 10, before }))
  const listed = await list(ann)
  assert.deepEqual(
    listed.map(({ id, title }) => [id, title]),
    [
      [last, 'question 1'],
      [first, 'question 1'],
    ],
  )
  assert.deepEqual(
    (await list(ann, listed[0])).map(({ id }) => id),
    [first],
  )
  assert.deepEqual(await list(bob), [])
})

test('a thread is one with one agent', async () => {
  const id = await thread(0)
  await assert.rejects(open(ann, id, await newAgent()), { code: 'conflict' })
})

test('a run is shown the last messages of its thread, in order', async () => {
  const id = await thread(12)
  const all = await shown(id, {})
  assert.equal(all.length, 20)
  assert.deepEqual(all.slice(-2), [
    { role: 'user', content: 'question 12' },
    { role: 'assistant', content: 'answer 12' },
  ])
  assert.deepEqual(
    (await shown(id, { messages: 3 })).map(({ content }) => content),
    ['answer 11', 'question 12', 'answer 12'],
  )
  assert.deepEqual(await shown(id, { messages: 0 }), [])
})

test('what a model wrote is kept as far as Postgres can hold it', async () => {
  const id = await thread(0)
  await answer(id, 'Hi', 'a\0b\ud800c')
  assert.equal((await shown(id, {})).at(-1)?.content, 'ab\ufffdc')
})

test('of a thread with long messages a run is shown the last that fit', async () => {
  const id = await thread(2)
  for (const letter of ['a', 'b', 'c']) await answer(id, letter.repeat(400_000), 'ok')
  const firsts = (await shown(id, {})).map(({ content }) => content[0])
  assert.deepEqual(firsts, ['o', 'b', 'o', 'c', 'o'])
  await answer(id, 'd'.repeat(2_000_000), 'ok')
  assert.deepEqual(await shown(id, {}), [{ role: 'assistant', content: 'ok' }])
})

test('of a message that alone is longer than what fits a run is shown the end', async () => {
  const id = await thread(1)
  await answer(id, 'short', `${'d'.repeat(2_000_000)} and so on`)
  const [last, ...others] = await shown(id, {})
  assert.deepEqual(others, [])
  assert.match(last?.content ?? '', /^d{200000,} and so on$/)
  await answer(id, 'more', 'ok')
  assert.deepEqual(
    (await shown(id, {})).map(({ content }) => content),
    ['more', 'ok'],
  )
})

test('a thread goes when nobody has used it for the retention, however long it is, but not while a run is under way in it', async () => {
  const { prune } = createThreadStore(database.system)
  const [long, short, used, busy] = [await thread(9), await thread(0), await thread(3), await thread(2)]
  const here = randomUUID()
  await sql`insert into runs (id, agent_id, thread_id, status, mode, config, input, memory, is_charged, rights)
    values (${here}, ${agentId}, ${busy}, 'waiting', 'inline', '{}', '[]', '[]', false, '{}')`.execute(
    database.system,
  )
  await sql`update threads set used_at = now() - interval '8 days' where id = any(${[long, short, used, busy]})`.execute(
    database.system,
  )
  await open(ann, used)
  while (await prune(7, 4));
  const { rows } = await sql<{ id: string; said: number }>`
    select id, (select count(*)::integer from thread_messages where thread_id = threads.id) as said
    from threads where id = any(${[long, short, used, busy]}) order by said`.execute(database.system)
  assert.deepEqual(rows, [
    { id: busy, said: 4 },
    { id: used, said: 6 },
  ])
  await sql`update runs set status = 'done', finished_at = now() where id = ${here}`.execute(database.system)
  while (await prune(7, 4));
  const left = await sql`select thread_id from runs where id = ${here}`.execute(database.system)
  assert.deepEqual(left.rows, [{ thread_id: null }])
})

test('an answer is a use of its thread', async () => {
  const { prune } = createThreadStore(database.system)
  const id = await thread(1)
  await sql`update threads set used_at = now() - interval '8 days' where id = ${id}`.execute(database.system)
  await answer(id, 'question 2', 'answer 2')
  assert.equal(await prune(7), false)
  assert.equal((await shown(id, {})).length, 4)
})

test('the removal of a user or an agent looks for its threads and their messages by an index', async () => {
  for (const [table, column] of [
    ['thread_messages', 'run_id'],
    ['threads', 'agent_id'],
    ['threads', 'owner_id'],
  ] as const) {
    const { rows } = await sql`
      select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = ${table}::regclass and attname = ${column}`.execute(database.system)
    assert.ok(rows.length > 0, `${table} (${column})`)
  }
})
