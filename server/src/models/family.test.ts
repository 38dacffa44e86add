import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { openModelRooms, refusal } from '../testing/model-rooms.ts'
import type { ModelTarget } from './model.ts'

const { database, system, serving, registry, push } = await openModelRooms({ after })
const service = serviceCaller('test')
const admin = await newCaller(database.system, 'admin')
const ann = await newCaller(database.system)
const bob = await newCaller(database.system)
const eve = await newCaller(database.system)

/** Whose model answers to the name, by their id; null is the house. */
const ownerOf = async (caller: Caller, target: ModelTarget) => {
  const { id } = (await serving.find(caller, target)).source
  return (await system.byId(id))?.owner_id
}

test('a bare name is the own model, else the house’s, else of those one may see the first', async () => {
  const target = { name: 'price' }
  await push(eve, 'price')
  await push(bob, 'price', { visibility: 'users' })
  await push(ann, 'price')
  for (const [caller, owner] of [
    [ann, ann],
    [bob, bob],
    [eve, eve],
    [await newCaller(database.system), bob],
    [admin, bob],
  ] as const)
    assert.equal(await ownerOf(caller, target), owner.userId)
  assert.equal((await refusal(() => serving.find(service, target))).code, 'model-not-found')
  const refused = await refusal(() => serving.find(anonymousCaller, target))
  assert.equal(refused.code, 'unauthenticated')

  const house = await push(service, 'price', { visibility: 'public' })
  for (const [caller, owner] of [
    [ann, ann.userId],
    [await newCaller(database.system), null],
    [service, null],
    [admin, null],
    [anonymousCaller, null],
  ] as const) {
    assert.equal(await ownerOf(caller, target), owner)
    assert.equal((await serving.row(caller, target)).owner_id, owner)
    assert.equal((await registry.latest(caller, 'price')).owner_id, owner)
    const versions = await registry.versions(caller, 'price')
    assert.deepEqual(new Set(versions.map(model => model.owner_id)), new Set([owner]))
  }
  await push(admin, 'price')
  assert.equal(await ownerOf(admin, target), admin.userId)
  await registry.remove(service, house.id)
})

test('the database chooses among the owners of a name as memory does', async () => {
  const first = await push(eve, 'order')
  const second = await push(bob, 'order', { visibility: 'users' })
  const third = await push(eve, 'order', { visibility: 'users' })
  const pending = await registry.create(service, { name: 'order' })
  const stranger = await newCaller(database.system)
  const chosen = async (caller: Caller) => {
    const known = await serving.row(caller, { name: 'order' })
    const [stored] = await registry.versions(caller, 'order')
    assert.equal(stored?.owner_id, known.owner_id)
    return known.owner_id
  }
  // The version of Eve's that others see is younger than Bob's.
  assert.equal(await chosen(stranger), bob.userId)
  // Of Eve's older, private one an administrator is told by its id alone.
  assert.equal(await chosen(admin), bob.userId)
  assert.equal((await serving.find(admin, { id: first.id })).source.id, first.id)
  assert.deepEqual(
    (await registry.versions(service, 'order')).map(model => model.id),
    [pending.id],
  )
  assert.equal((await refusal(() => serving.find(service, { name: 'order' }))).code, 'model-state')
  await registry.update(bob, second.id, { status: 'archived' })
  assert.equal(await chosen(stranger), eve.userId)
  await registry.update(eve, third.id, { visibility: 'private' })
  assert.equal((await refusal(() => serving.find(stranger, { name: 'order' }))).code, 'model-state')
  await registry.update(eve, first.id, { visibility: 'public' })
  assert.equal(await chosen(anonymousCaller), eve.userId)
})

test('a private model of the house stands in nobody’s way, and its name is nobody else’s to call', async () => {
  const house = await push(service, 'internal')
  for (const target of [{ name: 'internal' }, { name: 'internal', version: '1' }]) {
    for (const ask of [serving.find, serving.row]) {
      assert.equal((await refusal(() => ask(eve, target))).message, 'There is no model named internal.')
      assert.equal((await refusal(() => ask(anonymousCaller, target))).code, 'unauthenticated')
    }
  }
  await push(service, 'internal', { visibility: 'users' })
  assert.equal((await serving.row(eve, { name: 'internal' })).version, '2')
  await registry.remove(service, (await registry.latest(eve, 'internal')).id)
  const shared = await push(bob, 'internal', { visibility: 'users' })
  assert.equal((await serving.find(eve, { name: 'internal' })).source.id, shared.id)
  assert.equal((await serving.find(admin, { name: 'internal' })).source.id, house.id)
})

test('the service-role key means the house’s models by a name, and a user’s by its id alone', async () => {
  const shared = await push(bob, 'robot', { visibility: 'public' })
  for (const target of [{ name: 'robot' }, { name: 'robot', version: '1' }]) {
    assert.equal((await refusal(() => serving.find(service, target))).code, 'model-not-found')
    assert.equal((await refusal(() => registry.load(service, 'robot'))).code, 'model-not-found')
    assert.equal((await refusal(() => registry.unload(service, 'robot'))).code, 'model-not-found')
  }
  assert.equal((await serving.find(service, { id: shared.id })).source.id, shared.id)
  await push(service, 'robot')
  assert.equal(await ownerOf(service, { name: 'robot' }), null)
})

test('an administrator gets another’s private model by its id alone, whoever else has the name', async () => {
  const hidden = await push(eve, 'discreet', { version: '1' })
  const target = { name: 'discreet' }
  assert.equal((await refusal(() => serving.find(admin, target))).code, 'model-not-found')
  assert.equal((await refusal(() => registry.versions(admin, 'discreet'))).code, 'model-not-found')
  const shared = await push(eve, 'discreet', { version: '2', visibility: 'users' })
  await push(eve, 'discreet', { version: '3' })
  assert.equal((await serving.find(admin, target)).source.id, shared.id)
  assert.deepEqual(
    (await registry.versions(admin, 'discreet')).map(model => model.id),
    [shared.id],
  )
  const refused = await refusal(() => serving.find(admin, { ...target, version: '1' }))
  assert.equal(refused.code, 'model-not-found')
  assert.equal((await serving.find(admin, { id: hidden.id })).source.id, hidden.id)
})

test('a name of the house stands for nobody else’s model, also while the house cannot serve it', async () => {
  const target = { name: 'official' }
  const theirs = await push(bob, 'official', { visibility: 'public' })
  const stranger = await newCaller(database.system)
  assert.equal(await ownerOf(stranger, target), bob.userId)

  const pending = await registry.create(service, { name: 'official', visibility: 'users' })
  async function standsForNobody(): Promise<void> {
    for (const caller of [stranger, eve, admin, service])
      assert.equal((await refusal(() => serving.find(caller, target))).code, 'model-state')
    // Who may not even see the house's version does not get Bob's in its place either.
    for (const ask of [serving.find, serving.row])
      assert.equal((await refusal(() => ask(anonymousCaller, target))).code, 'unauthenticated')
    for (const caller of [stranger, eve, admin])
      assert.equal((await registry.latest(caller, 'official')).owner_id, null)
    assert.equal(await ownerOf(bob, target), bob.userId)
    assert.equal((await serving.find(stranger, { id: theirs.id })).source.id, theirs.id)
  }
  await standsForNobody()
  const failed = { status: 'error', error: 'broken', file_key: 'models/a' } as const
  await system.update(pending.id, failed)
  await standsForNobody()
  const served = await push(service, 'official', { visibility: 'users' })
  assert.equal(await ownerOf(stranger, target), null)
  await registry.remove(service, pending.id)
  await registry.update(service, served.id, { status: 'archived' })
  await standsForNobody()
  await registry.update(service, served.id, { visibility: 'private' })
  assert.equal(await ownerOf(stranger, target), bob.userId)
})

test('a name tells nothing of another’s private model, and no version can be put into it', async () => {
  const private_ = await push(ann, 'forecast', { version: '1' })
  const shared = await push(service, 'shared-forecast', { visibility: 'users' })
  const before = await serving.find(bob, { name: 'shared-forecast' })

  const attempt = await push(eve, 'forecast', { version: '1', visibility: 'public' })
  assert.equal(attempt.owner_id, eve.userId)
  assert.equal((await push(eve, 'forecast')).version, '2')
  await push(eve, 'shared-forecast', { version: '1', visibility: 'public' })
  await push(eve, 'shared-forecast', { version: '999', visibility: 'public' })
  await push(bob, 'forecast', { version: '7' })

  assert.equal((await serving.find(ann, { name: 'forecast' })).source.id, private_.id)
  assert.equal(await serving.find(bob, { name: 'shared-forecast' }), before)
  assert.equal((await serving.find(service, { name: 'shared-forecast' })).source.id, shared.id)
  const refused = await refusal(() => serving.find(bob, { name: 'shared-forecast', version: '999' }))
  assert.equal(refused.message, 'Model shared-forecast has no version 999. It has 1.')
})

test('of one name others see the versions that are shared, and those alone', async () => {
  const shared = await push(ann, 'mixed', { visibility: 'users' })
  const hidden = await push(ann, 'mixed')
  assert.equal((await serving.find(ann, { name: 'mixed' })).source.id, hidden.id)
  assert.equal((await serving.find(bob, { name: 'mixed' })).source.id, shared.id)
  assert.deepEqual(
    (await registry.versions(bob, 'mixed')).map(model => model.id),
    [shared.id],
  )
  const listed = (await registry.list(bob, { name: 'mixed', limit: 10 })).map(model => model.id)
  assert.deepEqual(listed, [shared.id])
  const states = serving.states(bob).filter(({ model }) => model.name === 'mixed')
  assert.deepEqual(
    states.map(({ model }) => model.id),
    [shared.id],
  )
  const find = (version: string) => refusal(() => serving.find(bob, { name: 'mixed', version }))
  assert.equal((await find('2')).message, (await find('3')).message.replace('3', '2'))
})
