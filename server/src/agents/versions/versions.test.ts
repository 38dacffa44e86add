import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { draftOf, openAgentsRoom } from '../../testing/agents-room.ts'
import { newCaller } from '../../testing/callers.ts'
import { refusal } from '../../testing/model-rooms.ts'

const { database, adminUrl, system, versions, agents } = await openAgentsRoom({ after })
const ann = await newCaller(database.system)
const newest = { before: undefined, limit: 50 }

async function versionsOf(id: string): Promise<[number, string][]> {
  const { page } = await agents.versions(ann, id, newest)
  return page.rows.map(({ version, config }) => [version, config.system_prompt])
}

test('publishing makes the next version of the draft; rolling back publishes an older one and keeps the draft', async () => {
  const { id } = await agents.create(ann, draftOf('Versioned', { system_prompt: 'one', price: 1 }))
  assert.deepEqual(await versionsOf(id), [])
  const first = await agents.publish(ann, id)
  assert.deepEqual([first.is_published, first.published_version, first.published_price], [true, 1, 1])
  const edited = await agents.update(ann, id, { config: { system_prompt: 'two', price: 2 } })
  assert.deepEqual([edited.published_version, edited.published_price], [1, 1], 'an edit publishes nothing')
  const second = await agents.publish(ann, id)
  assert.deepEqual([second.published_version, second.published_price], [2, 2])
  const back = await agents.rollback(ann, id, 1)
  assert.deepEqual([back.published_version, back.published_price, back.draft.system_prompt], [1, 1, 'two'])
  assert.deepEqual(await versionsOf(id), [
    [2, 'two'],
    [1, 'one'],
  ])
  assert.equal((await agents.publish(ann, id)).published_version, 3, 'a number is never used again')
  const { code, message } = await refusal(() => agents.rollback(ann, id, 9))
  assert.deepEqual([code, /no version 9/.test(message)], ['resource-not-found', true])
})

test('an agent that was taken back keeps its versions and is published again at once', async () => {
  const { id } = await agents.create(ann, draftOf('Taken back', { system_prompt: 'one' }))
  await agents.publish(ann, id)
  const taken = await agents.update(ann, id, { unpublish: true, description: 'Closed.' })
  assert.deepEqual(
    [taken.is_published, taken.published_version, taken.published_price, taken.description],
    [false, null, null, 'Closed.'],
  )
  assert.deepEqual(await versionsOf(id), [[1, 'one']])
  assert.equal((await agents.rollback(ann, id, 1)).is_published, true)
})

test('processes that publish at once make one version each', async () => {
  const { id } = await agents.create(ann, draftOf('At once'))
  const made = await Promise.all([1, 2, 3, 4].map(() => agents.publish(ann, id)))
  assert.deepEqual(made.map(agent => agent.published_version).sort(), [1, 2, 3, 4])
})

test('no one changes a version, and none is removed without its agent', async () => {
  const { id } = await agents.create(ann, draftOf('Fixed', { system_prompt: 'fixed' }))
  await agents.publish(ann, id)
  const change = sql`update agent_versions set config = '{}' where agent_id = ${id}`
  const remove = sql`delete from agent_versions where agent_id = ${id}`
  for (const act of [change, remove]) {
    await assert.rejects(act.execute(database.system), { code: '42501' })
    await assert.rejects(
      database.as(ann, db => act.execute(db)),
      { code: '42501' },
    )
  }
  const owner = new pg.Client({ connectionString: adminUrl })
  await owner.connect()
  try {
    await assert.rejects(
      owner.query(`update roundhouse.agent_versions set version = 7 where agent_id = $1`, [id]),
      /never changes/,
    )
  } finally {
    await owner.end()
  }
  assert.deepEqual(await versionsOf(id), [[1, 'fixed']])
  await agents.remove(ann, id)
  assert.equal(await versions.find(id, 1), null)
})

test('versions stay when those who made them are gone, and go with the account that owns the agent', async () => {
  const admin = await newCaller(database.system, 'admin')
  const bob = await newCaller(database.system)
  const { id } = await agents.create(bob, draftOf('Left'))
  await agents.publish(admin, id)
  await sql`delete from users where id = ${admin.userId}`.execute(database.system)
  assert.equal((await versions.find(id, 1))?.created_by, admin.userId)
  await sql`delete from users where id = ${bob.userId}`.execute(database.system)
  assert.equal(await system.find({ id }), null)
  assert.equal(await versions.find(id, 1), null)
})

test('versions are paged newest first', async () => {
  const { id } = await agents.create(ann, draftOf('Paged'))
  for (let n = 0; n < 5; n++) await agents.publish(ann, id)
  const first = (await agents.versions(ann, id, { before: undefined, limit: 3 })).page
  const second = (await agents.versions(ann, id, { before: 3, limit: 3 })).page
  const numbers = [first, second].map(({ rows, hasMore }) => [rows.map(row => row.version), hasMore])
  assert.deepEqual(numbers, [
    [[5, 4, 3], true],
    [[2, 1], false],
  ])
})
