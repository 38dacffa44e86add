import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { serviceCaller } from '../accounts/caller.ts'
import { draftOf, openAgentsRoom } from '../testing/agents-room.ts'
import { newCaller } from '../testing/callers.ts'
import { refusal } from '../testing/model-rooms.ts'

const { database, system, agents, replica, auditOf } = await openAgentsRoom({ after })
const service = serviceCaller('test')
const ann = await newCaller(database.system)

async function declaredAs(slug: string) {
  const agent = await system.find({ slug })
  assert.ok(agent)
  return agent
}

test('a declared agent is made for the house and published; only another configuration makes another version', async () => {
  const draft = draftOf('Declared', { visibility: 'users', system_prompt: 'one', tools: [{ type: 'time' }] })
  await Promise.all([agents, replica, agents].map(room => room.declare(draft)))
  const made = await declaredAs('declared')
  assert.deepEqual([made.owner_id, made.published_version, made.visibility], [null, 1, 'users'])
  await agents.declare(draft)
  assert.deepEqual(await declaredAs('declared'), made)

  await agents.declare({ ...draft, description: 'Now with words.' })
  const described = await declaredAs('declared')
  assert.deepEqual([described.description, described.published_version], ['Now with words.', 1])

  await agents.declare(draftOf('Declared', { visibility: 'users', system_prompt: 'two' }))
  const changed = await declaredAs('declared')
  assert.deepEqual([changed.published_version, changed.draft.system_prompt], [2, 'two'])
  assert.deepEqual(await auditOf(changed.id), ['agent-declare', 'agent-declare'])
})

test('a start does not undo a rollback, nor publish again what was taken back', async () => {
  const [one, two] = ['one', 'two'].map(system_prompt => draftOf('Kept', { system_prompt }))
  assert.ok(one && two)
  await agents.declare(one)
  await agents.declare(two)
  const { id } = await declaredAs('kept')
  await agents.rollback(service, id, 1)
  await agents.declare(two)
  assert.equal((await declaredAs('kept')).published_version, 1)
  await agents.update(service, id, { unpublish: true })
  await agents.declare(two)
  assert.equal((await declaredAs('kept')).is_published, false)
  await agents.declare(one)
  assert.equal((await declaredAs('kept')).published_version, 3)
})

test('an edit of the draft gives way to what is declared', async () => {
  const draft = draftOf('Edited', { system_prompt: 'declared' })
  await agents.declare(draft)
  const { id } = await declaredAs('edited')
  await agents.update(service, id, { config: { system_prompt: 'by hand' } })
  await agents.declare(draft)
  const agent = await declaredAs('edited')
  assert.deepEqual([agent.draft.system_prompt, agent.published_version], ['declared', 1])
})

test('the agent of a user is never taken over: its slug is refused, and so is a form that is none', async () => {
  const owned = await agents.create(ann, draftOf('Owned'))
  const { code, message } = await refusal(() => agents.declare(draftOf('Anything', { slug: 'owned' })))
  assert.deepEqual([code, /^slug: owned /.test(message)], ['conflict', true])
  assert.deepEqual(await system.find({ id: owned.id }), owned)
  const wrong = draftOf('Wrong', { output_schema: { type: 'strin' } })
  assert.equal((await refusal(() => agents.declare(wrong))).code, 'invalid-request')
  assert.equal(await system.find({ slug: 'wrong' }), null)
})
