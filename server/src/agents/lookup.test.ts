import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import { draftOf, openAgentsRoom } from '../testing/agents-room.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { refusal } from '../testing/model-rooms.ts'

const { database, agents, replica } = await openAgentsRoom({ after })
const admin = await newCaller(database.system, 'admin')
const ann = await newCaller(database.system)
const eve = await newCaller(database.system)
const service = serviceCaller('test')

test('others run what is published; its owner and administrators the draft and older versions too', async () => {
  const { id, slug } = await agents.create(
    ann,
    draftOf('Runs', { system_prompt: 'one', visibility: 'users' }),
  )
  await agents.publish(ann, id)
  await agents.update(ann, id, { config: { system_prompt: 'two' } })
  await agents.publish(ann, id)
  await agents.update(ann, id, { config: { system_prompt: 'draft' } })
  for (const target of [{ id }, { slug }])
    for (const caller of [ann, admin, service, eve]) {
      const { version, config } = await agents.runnable(caller, target)
      assert.deepEqual([version, config.system_prompt], [2, 'two'])
      assert.equal((await agents.runnable(caller, target, 2)).config.system_prompt, 'two')
    }
  for (const caller of [ann, admin, service]) {
    const draft = await agents.runnable(caller, { id }, 'draft')
    assert.deepEqual([draft.version, draft.config.system_prompt], [null, 'draft'])
    assert.equal((await agents.runnable(caller, { slug }, 1)).config.system_prompt, 'one')
  }
  for (const version of ['draft', 1, 9] as const)
    assert.equal((await refusal(() => agents.runnable(eve, { id }, version))).code, 'forbidden')
  assert.equal((await refusal(() => agents.runnable(ann, { id }, 9))).code, 'agent-not-found')
})

test('without a publication the owner runs the draft, and others are told that it is not published', async () => {
  const { id, slug } = await agents.create(ann, draftOf('Unpublished', { visibility: 'public' }))
  for (const target of [{ id }, { slug }]) {
    assert.equal((await agents.runnable(ann, target)).version, null)
    assert.equal((await refusal(() => agents.runnable(eve, target))).code, 'forbidden')
    assert.equal((await refusal(() => agents.runnable(anonymousCaller, target))).code, 'unauthenticated')
  }
})

test('a published agent that is private is not there for others; a public one answers without a credential', async () => {
  const { id } = await agents.create(ann, draftOf('Hidden'))
  await agents.publish(ann, id)
  assert.equal((await refusal(() => agents.runnable(eve, { id }))).code, 'agent-not-found')
  assert.equal((await refusal(() => agents.runnable(anonymousCaller, { id }))).code, 'unauthenticated')
  await agents.update(ann, id, { visibility: 'public' })
  assert.equal((await agents.runnable(anonymousCaller, { id })).version, 1)
})

test('what has changed is told to every process at once', async () => {
  const { id, slug } = await agents.create(ann, draftOf('Told', { visibility: 'users' }))
  await agents.publish(ann, id)
  const runnable = async () => {
    const { version, config } = await replica.runnable(eve, { slug })
    return [version, config.price]
  }
  assert.deepEqual(await runnable(), [1, 0])
  await agents.update(ann, id, { config: { price: 3 } })
  await agents.publish(ann, id)
  assert.deepEqual(await runnable(), [2, 3])
  await agents.rollback(ann, id, 1)
  assert.deepEqual(await runnable(), [1, 0])
  await agents.update(ann, id, { slug: 'told-otherwise' })
  assert.equal((await refusal(runnable)).code, 'agent-not-found')
  assert.equal((await replica.runnable(eve, { slug: 'told-otherwise' })).version, 1)
  await agents.remove(ann, id)
  assert.equal((await refusal(() => replica.runnable(eve, { id }))).code, 'agent-not-found')
})

test('an agent that is called again and again is read once', async () => {
  const { id } = await agents.create(ann, draftOf('Remembered', { visibility: 'users' }))
  await agents.publish(ann, id)
  // What is loaded while the news of the publication arrives is not kept.
  await agents.runnable(eve, { id })
  const first = await agents.runnable(eve, { id })
  // Behind the back of every process: nobody is told.
  await sql`update agents set name = 'Changed' where id = ${id}`.execute(database.system)
  assert.equal((await agents.runnable(eve, { id })).agent, first.agent)
})

test('a configuration that a newer version of the server has written is still read', async () => {
  const { id } = await agents.create(ann, draftOf('Newer', { price: 4 }))
  await sql`
    update agents set draft = (draft::jsonb || '{"of_tomorrow":1}'::jsonb - 'memory'::text)::json
    where id = ${id}`.execute(database.system)
  const { config } = await agents.runnable(ann, { id })
  assert.deepEqual([config.price, config.memory, 'of_tomorrow' in config], [4, {}, false])
})
