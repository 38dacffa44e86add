import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { openModelRooms, refusal } from '../testing/model-rooms.ts'
import type { ModelTarget } from './model.ts'
import { createModelStore } from './store.ts'

const rooms = await openModelRooms({ after })
const { database, system, shelf, serving, registry, push, storedKeys } = rooms
const service = serviceCaller('test')
const admin = await newCaller(database.system, 'admin')
const ann = await newCaller(database.system)
const eve = await newCaller(database.system)

async function auditOf(target: string): Promise<string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from audit_entries where target = ${target} order by seq`.execute(database.system)
  return rows.map(row => row.action)
}

for (const [wall, guarded] of [
  ['with both walls', rooms],
  ['without row-level security', rooms.unguarded],
] as const) {
  test(`${wall}: what one may not see is answered as what is not there, whatever is asked of it`, async () => {
    const name = `secret-${wall.length}`
    const model = await push(ann, name)
    const pending = await registry.create(ann, { name })
    const kept = await storedKeys()
    const asks: ((caller: Caller, id: string, ofName: string) => unknown)[] = [
      (caller, id) => guarded.registry.get(caller, id),
      (caller, id) => guarded.registry.validate(caller, id),
      (caller, id) => guarded.registry.checkMayAttach(caller, id, 0),
      (caller, id) => guarded.registry.update(caller, id, { description: 'mine', visibility: 'public' }),
      (caller, id) => guarded.registry.update(caller, id, { status: 'archived' }),
      (caller, id) => guarded.registry.remove(caller, id),
      (caller, id) => guarded.serving.find(caller, { id }),
      (caller, id) => guarded.serving.row(caller, { id }),
      (caller, _id, ofName) => guarded.serving.find(caller, { name: ofName }),
      (caller, _id, ofName) => guarded.serving.find(caller, { name: ofName, version: '1' }),
      (caller, _id, ofName) => guarded.serving.row(caller, { name: ofName }),
      (caller, _id, ofName) => guarded.registry.latest(caller, ofName),
      (caller, _id, ofName) => guarded.registry.versions(caller, ofName),
      (caller, _id, ofName) => guarded.registry.load(caller, ofName),
      (caller, _id, ofName) => guarded.registry.unload(caller, ofName),
      async (caller, id) => {
        const upload = await registry.receive(ann, Readable.from([Buffer.from('other')]))
        return guarded.registry.attach(caller, id, upload)
      },
    ]
    const absentId = randomUUID()
    for (const ask of asks) {
      for (const { id } of [model, pending]) {
        const there = await refusal(() => ask(eve, id, name))
        const absent = await refusal(() => ask(eve, absentId, 'absent'))
        assert.equal(there.code, 'model-not-found', ask.toString())
        assert.equal(there.code, absent.code)
        assert.equal(
          there.message.replace(id, 'X').replace(name, 'X'),
          absent.message.replace(absentId, 'X').replace('absent', 'X'),
        )
        const stranger = await refusal(() => ask(anonymousCaller, id, name))
        const strangerAbsent = await refusal(() => ask(anonymousCaller, absentId, 'absent'))
        assert.deepEqual([stranger.code, stranger.message], [strangerAbsent.code, strangerAbsent.message])
        assert.equal(stranger.code, 'unauthenticated')
      }
    }
    for (const caller of [eve, anonymousCaller]) {
      assert.deepEqual(await guarded.registry.list(caller, { name, limit: 10 }), [])
      assert.deepEqual(
        guarded.serving.states(caller).filter(served => served.model.name === name),
        [],
      )
    }
    assert.deepEqual(await storedKeys(), kept, 'no refused upload is kept')
    assert.deepEqual(await system.byId(model.id), model)
    assert.deepEqual(await system.byId(pending.id), pending)
  })

  test(`${wall}: what is shared can be called and not changed by others`, async () => {
    const name = `shown-${wall.length}`
    const model = await push(ann, name, { visibility: 'users' })
    const pending = await registry.create(ann, { name, visibility: 'users' })
    const kept = await storedKeys()
    assert.equal((await guarded.serving.find(eve, { id: model.id })).source.id, model.id)
    for (const act of [
      () => guarded.registry.validate(eve, model.id),
      () => guarded.registry.update(eve, model.id, { price: 5 }),
      () => guarded.registry.remove(eve, model.id),
      () => guarded.registry.load(eve, name),
      () => guarded.registry.unload(eve, name),
      () => guarded.registry.checkMayAttach(eve, pending.id, 0),
      async () => {
        const upload = await registry.receive(eve, Readable.from([Buffer.from('other')]))
        return guarded.registry.attach(eve, pending.id, upload)
      },
    ])
      assert.equal((await refusal(act)).code, 'forbidden', act.toString())
    assert.deepEqual(await storedKeys(), kept)
    assert.deepEqual(await system.byId(model.id), model)
    assert.deepEqual(await auditOf(model.id), [])
  })
}

test('without a credential public models answer, those that cost credits ask for one', async () => {
  const free = await push(ann, 'open', { visibility: 'public' })
  assert.equal((await serving.find(anonymousCaller, { name: 'open' })).source.id, free.id)
  assert.equal((await registry.get(anonymousCaller, free.id)).id, free.id)
  const paid = await push(ann, 'open', { visibility: 'public', price: 3 })
  assert.equal((await serving.row(anonymousCaller, { name: 'open' })).id, paid.id)
  await push(ann, 'open', { visibility: 'users', version: 'inner' })
  const refusedAsPaid = async (target: ModelTarget) => {
    const refused = await refusal(() => serving.find(anonymousCaller, target))
    assert.deepEqual([refused.code, /costs credits/.test(refused.message)], ['unauthenticated', true])
  }
  const paidTargets = [{ id: paid.id }, { name: 'open', version: '2' }]
  for (const target of [{ name: 'open' }, ...paidTargets]) await refusedAsPaid(target)
  await shelf.drop(paid.id)
  for (const target of paidTargets) await refusedAsPaid(target)
  assert.equal(shelf.state(paid.id).tag, 'absent', 'nothing is loaded for who is refused')
  assert.equal((await serving.find(eve, { id: paid.id })).source.id, paid.id)
  const inner = await refusal(() => serving.find(anonymousCaller, { name: 'open', version: 'inner' }))
  const absent = await refusal(() => serving.find(anonymousCaller, { name: 'open', version: '9' }))
  assert.deepEqual([inner.code, inner.message], [absent.code, absent.message])
})

test('nobody without an account owns a model: nothing is received from them', async () => {
  const kept = await storedKeys()
  const backend: Caller = { ...service, role: 'member', kind: 'backend-secret' }
  for (const [caller, code] of [
    [anonymousCaller, 'unauthenticated'],
    [backend, 'forbidden'],
  ] as const) {
    assert.equal((await refusal(() => registry.create(caller, { name: 'stray' }))).code, code)
    assert.equal((await refusal(() => push(caller, 'stray'))).code, code)
  }
  assert.deepEqual(await storedKeys(), kept)
  assert.deepEqual(await system.list({ name: 'stray', limit: 1 }), [])
})

test('administrators change what belongs to others, and each time it is in the audit log', async () => {
  const model = await push(ann, 'audited', { visibility: 'users' })
  await registry.update(ann, model.id, { description: 'own' })
  assert.deepEqual(await auditOf(model.id), [])
  for (const caller of [admin, service]) await registry.update(caller, model.id, { description: 'theirs' })
  await registry.validate(admin, model.id)
  await refusal(() => registry.update(eve, model.id, { description: 'mine' }))
  await registry.unload(admin, 'audited')
  await registry.load(admin, 'audited')
  await registry.remove(admin, model.id)
  assert.deepEqual(await auditOf(model.id), [
    'model-update',
    'model-update',
    'model-validate',
    'model-unload',
    'model-load',
    'model-remove',
  ])
  assert.equal((await refusal(() => registry.get(ann, model.id))).code, 'model-not-found')
})

test('what the service-role key and administrators do to models of the house is one entry each, uploads are none', async () => {
  const model = await push(service, 'housed')
  const pending = await registry.create(service, { name: 'housed' })
  await registry.attach(service, pending.id, await registry.receive(service, Readable.from(['bytes'])))
  await registry.validate(service, pending.id)
  assert.deepEqual([await auditOf(model.id), await auditOf(pending.id)], [[], []])
  const acts: [string, (caller: Caller) => Promise<unknown>][] = [
    ['model-update', caller => registry.update(caller, pending.id, { visibility: 'users' })],
    ['model-update', caller => registry.update(caller, pending.id, { price: 2 })],
    ['model-update', caller => registry.update(caller, pending.id, { status: 'archived' })],
    ['model-update', caller => registry.update(caller, pending.id, { status: 'ready' })],
    ['model-load', caller => registry.load(caller, 'housed')],
    ['model-unload', caller => registry.unload(caller, 'housed')],
    ['model-load', caller => registry.load(caller, 'housed')],
  ]
  const expected: string[] = []
  for (const caller of [service, admin])
    for (const [action, act] of acts) {
      await act(caller)
      expected.push(action)
      assert.deepEqual(await auditOf(pending.id), expected)
    }
  await registry.remove(service, pending.id)
  await registry.remove(admin, model.id)
  assert.deepEqual(await auditOf(pending.id), [...expected, 'model-remove'])
  assert.deepEqual(await auditOf(model.id), ['model-remove'])
})

test('the database itself shows and changes nothing of another’s model, for others and for nobody', async () => {
  const model = await push(ann, 'walled')
  const shared = await push(ann, 'walled', { visibility: 'users' })
  const open = await push(ann, 'walled', { visibility: 'public' })
  async function seen(store: ReturnType<typeof createModelStore>): Promise<string[]> {
    const ids = new Set<string>()
    for (const { id } of [model, shared, open]) if (await store.byId(id)) ids.add(id)
    for (const { id } of await store.list({ name: 'walled', limit: 10 })) ids.add(id)
    for (const { id } of await store.family('walled', ann)) ids.add(id)
    for (const row of await store.listCatalogue()) if (row.name === 'walled') ids.add(row.id)
    for (const { id } of [model, shared, open]) {
      assert.equal(await store.update(id, { description: 'changed', visibility: 'public' }), null)
      assert.equal(await store.remove(id), null)
      await store.touch(new Map([[id, Date.now()]]))
    }
    return [...ids].sort()
  }
  const seenBy = (caller: Caller) => database.as(caller, db => seen(createModelStore(db)))
  assert.deepEqual(await seenBy(eve), [shared.id, open.id].sort())
  assert.deepEqual(await seenBy(anonymousCaller), [open.id])
  // Without claims nothing but what is for everyone.
  assert.deepEqual(await seen(createModelStore(database.nobody)), [open.id])
  for (const before of [model, shared, open]) assert.deepEqual(await system.byId(before.id), before)

  const forged = { id: randomUUID(), name: 'walled', version: 'forged', status: 'pending' } as const
  for (const owner_id of [ann.userId, null]) {
    const insert = (caller: Caller) =>
      database.as(caller, db => createModelStore(db).insert({ ...forged, owner_id }))
    for (const caller of [eve, anonymousCaller]) await assert.rejects(insert(caller), { code: '42501' })
    await assert.rejects(createModelStore(database.nobody).insert({ ...forged, owner_id }), { code: '42501' })
  }
  await assert.rejects(
    database.as(ann, db =>
      sql`update models set owner_id = ${eve.userId} where id = ${model.id}`.execute(db),
    ),
    { code: '42501' },
    'nobody gives a model away',
  )
})

test('a version that became private is out of the reach of others at once', async () => {
  const model = await push(ann, 'withdrawn', { visibility: 'public' })
  await serving.find(eve, { id: model.id })
  await registry.update(ann, model.id, { visibility: 'private' })
  assert.equal((await refusal(() => serving.find(eve, { id: model.id }))).code, 'model-not-found')
  assert.equal((await refusal(() => serving.find(eve, { name: 'withdrawn' }))).code, 'model-not-found')
  assert.equal((await serving.find(ann, { id: model.id })).source.id, model.id)
})
