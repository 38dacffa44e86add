import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Problem } from '@roundhouse/sdk/contract'
import { silentLog } from '../kit/log.ts'
import { type CommandedLoad, commandedLoader, modelRow } from '../testing/commanded-loader.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { createShelf, notLoaded } from './shelf.ts'

const price = modelRow('price')
const churn = modelRow('churn')

function setUp(options: { idleSeconds?: number; memoryBytes?: number; required?: string[] } = {}) {
  const { loader, loads } = commandedLoader()
  const clock = turnedClock(1000)
  const lines: string[] = []
  const log = { ...silentLog, error: (event: string) => lines.push(event) }
  const shelf = createShelf({
    loader,
    clock,
    log,
    idleSeconds: options.idleSeconds ?? 60,
    memoryBytes: options.memoryBytes ?? 1e9,
    required: options.required ?? [],
  })
  /** The load of this number, counted from 1. */
  const load = (number: number): CommandedLoad => loads[number - 1] ?? assert.fail(`no load ${number}`)
  const tend = (wanted = [price, churn], pinned: string[] = []) =>
    shelf.tend(
      id => wanted.find(model => model.id === id),
      id => pinned.includes(id),
    )
  return { shelf, clock, loads, load, tend, lines }
}

/** Lets what is already settled take its course. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn()
}

test('loads once however many ask, and all of them are told when it is done', async () => {
  const { shelf, loads, load } = setUp()
  const asked = [shelf.ensure(price), shelf.ensure(price), shelf.ensure(price)]
  assert.equal(loads.length, 1)
  assert.equal(shelf.state(price.id).tag, 'loading')
  assert.equal(shelf.get(price.id), undefined)
  load(1).succeed()
  await Promise.all(asked)
  assert.equal(shelf.get(price.id), load(1).loaded)
  await shelf.ensure(price)
  assert.equal(loads.length, 1)
  assert.deepEqual(shelf.warm(), [load(1).loaded])
})

test('a failed load says why, and is tried again after 1, 2, 4, ... 60 s and not before', async () => {
  const { shelf, clock, loads, load, tend } = setUp()
  void shelf.ensure(price)
  for (const [index, seconds] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
    load(index + 1).fail(new Problem('invalid-model', `Operator number ${index} is not known.`))
    await settle()
    const state = shelf.state(price.id)
    assert.ok(state.tag === 'failed')
    assert.deepEqual([state.reason, state.attempts], [`Operator number ${index} is not known.`, index + 1])
    assert.match(
      notLoaded(price, state).message,
      new RegExp(`^Model price@1 could not be loaded: Operator number ${index} is not known`),
    )
    clock.turn(seconds * 1000 - 1)
    tend()
    await shelf.ensure(price)
    assert.equal(loads.length, index + 1, `tried again before ${seconds} s`)
    clock.turn(1)
    tend()
    assert.equal(loads.length, index + 2, `not tried again after ${seconds} s`)
  }
})

test('a load that fails by a bug or a fault says nothing of our insides', async () => {
  const { shelf, load, lines } = setUp()
  const asked = shelf.ensure(price)
  load(1).fail(new Error('EIO /var/lib/secret'))
  await asked
  const state = shelf.state(price.id)
  assert.ok(state.tag === 'failed')
  assert.doesNotMatch(notLoaded(price, state).message, /EIO|secret/)
  assert.deepEqual(lines, ['model-load-fail'])
})

test('after a load that worked the waiting times begin at 1 s again', async () => {
  const { shelf, clock, loads, load } = setUp()
  void shelf.ensure(price)
  load(1).fail(new Error('once'))
  await settle()
  clock.turn(1000)
  void shelf.ensure(price)
  load(2).succeed()
  await settle()
  await shelf.drop(price.id)
  void shelf.ensure(price)
  load(3).fail(new Error('again'))
  await settle()
  clock.turn(1000)
  void shelf.ensure(price)
  assert.equal(loads.length, 4)
})

test('reload keeps the old session serving until the new one is warm, then frees the old one', async () => {
  const { shelf, load } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  const reloaded = shelf.reload(price)
  await settle()
  assert.equal(shelf.get(price.id), load(1).loaded)
  load(2).succeed()
  assert.equal(await reloaded, load(2).loaded)
  assert.equal(shelf.get(price.id), load(2).loaded)
  await settle()
  assert.deepEqual([load(1).closed(), load(2).closed()], [true, false])
})

test('a reload that fails throws why and leaves the old session serving', async () => {
  const { shelf, load } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  const reloaded = shelf.reload(price)
  load(2).fail(new Problem('hash-mismatch', 'The file was changed.'))
  await assert.rejects(reloaded, /The file was changed/)
  assert.equal(shelf.get(price.id), load(1).loaded)
  assert.equal(load(1).closed(), false)
})

test('a reload that fails beside a load in progress does not throw away what that load brings', async () => {
  const { shelf, load } = setUp()
  const ensured = shelf.ensure(price)
  const reloaded = shelf.reload(price)
  load(2).fail(new Error('disk'))
  await assert.rejects(reloaded)
  load(1).succeed()
  await ensured
  assert.equal(shelf.get(price.id), load(1).loaded)
  assert.equal(load(1).closed(), false)
})

test('a model dropped while it loads is closed as soon as it is loaded, and does not come back', async () => {
  const { shelf, load, tend } = setUp()
  const asked = shelf.ensure(price)
  void shelf.drop(price.id)
  load(1).succeed()
  await asked
  await settle()
  assert.equal(load(1).closed(), true)
  assert.equal(shelf.state(price.id).tag, 'absent')

  void shelf.ensure(price)
  tend([])
  void shelf.ensure(price)
  load(2).succeed()
  load(3).succeed()
  await settle()
  assert.equal(shelf.get(price.id), load(3).loaded)
  assert.deepEqual([load(2).closed(), load(3).closed()], [true, false])
})

test('dropping is done when what was accepted has been answered and the memory is free', async () => {
  const { shelf, load } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  const release = load(1).holdClose()
  let dropped = false
  const drop = shelf.drop(price.id).then(() => {
    dropped = true
  })
  await settle()
  assert.deepEqual([shelf.get(price.id), dropped], [undefined, false])
  release()
  await drop
  assert.equal(load(1).closed(), true)
})

test('what nobody used for its time to live is dropped, what is pinned stays', async () => {
  const { shelf, clock, load, tend } = setUp({ idleSeconds: 60 })
  void shelf.ensure(price)
  void shelf.ensure(churn)
  load(1).succeed()
  load(2).succeed()
  await settle()
  clock.turn(50_000)
  shelf.get(price.id)
  clock.turn(60_000)
  tend([price, churn], [churn.id])
  assert.equal(shelf.state(price.id).tag, 'warm', '60 s after its last use, not more')
  clock.turn(1)
  tend([price, churn], [churn.id])
  await settle()
  assert.deepEqual([shelf.state(price.id).tag, shelf.state(churn.id).tag], ['absent', 'warm'])
  assert.equal(load(1).closed(), true)
  tend([price, churn])
  assert.equal(shelf.state(churn.id).tag, 'absent')
})

test('tells when each model was last used, once', async () => {
  const { shelf, clock, load } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  assert.deepEqual(shelf.takeUsed(), new Map())
  clock.turn(5)
  shelf.get(price.id)
  shelf.get(churn.id)
  assert.deepEqual(shelf.takeUsed(), new Map([[price.id, 1005]]))
  assert.deepEqual(shelf.takeUsed(), new Map())
})

test('a session whose thread has died is given to nobody and replaced at the next call', async () => {
  const { shelf, load, lines } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  load(1).kill()
  assert.equal(shelf.get(price.id), undefined)
  assert.deepEqual(lines, ['model-session-lost'])
  void shelf.ensure(price)
  load(2).succeed()
  await settle()
  assert.equal(shelf.get(price.id), load(2).loaded)
  assert.equal(load(1).closed(), true)
})

test('a session that has ended by itself is replaced within a second, before anybody asks', async () => {
  const { shelf, load, loads, lines, tend } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  tend()
  assert.equal(loads.length, 1)
  load(1).kill()
  tend()
  assert.deepEqual(lines, ['model-session-lost'])
  load(2).succeed()
  await settle()
  assert.equal(shelf.get(price.id), load(2).loaded)
  assert.equal(load(1).closed(), true)
})

test('a model that was loaded elsewhere is taken over, and the one before it freed', async () => {
  const { shelf, load, loads } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  const other = commandedLoader()
  void other.loader.load(price)
  const taken = other.loads[0] ?? assert.fail()
  shelf.put(taken.loaded)
  await settle()
  assert.equal(shelf.get(price.id), taken.loaded)
  assert.deepEqual([load(1).closed(), taken.closed(), loads.length], [true, false, 1])
})

const big = (name: string, owner_id: string | null = 'ann') =>
  modelRow(name, '1', { owner_id, file_size_bytes: 1000 })

test('beyond its memory the least recently used model goes before another is loaded', async () => {
  const { shelf, clock, load } = setUp({ memoryBytes: 3000 })
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    clock.turn(1000)
    void shelf.ensure(big(name))
    load(index + 1).succeed()
    await settle()
  }
  assert.equal(shelf.warm().length, 3)
  clock.turn(1000)
  shelf.get('a@1')
  void shelf.ensure(big('d'))
  await settle()
  assert.deepEqual([shelf.state('a@1').tag, shelf.state('b@1').tag], ['warm', 'absent'])
  assert.deepEqual([load(2).closed(), shelf.state('d@1').tag], [true, 'loading'])
  load(4).succeed()
  await settle()
  assert.deepEqual(
    shelf.warm().map(({ source }) => source.name),
    ['a', 'c', 'd'],
  )
})

test('models that were loaded beside each other, or while they were uploaded, keep the same ceiling', async () => {
  const { shelf, clock, load } = setUp({ memoryBytes: 2500 })
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) void shelf.ensure(big(name))
  for (const [index] of names.entries()) {
    clock.turn(1)
    load(index + 1).succeed()
    await settle()
    assert.ok(shelf.warm().length <= 2)
  }
  const other = commandedLoader()
  void other.loader.load(big('pushed'))
  clock.turn(1)
  shelf.put({ ...(other.loads[0] ?? assert.fail()).loaded, sizeBytes: 2000 })
  assert.deepEqual(
    shelf.warm().map(({ source }) => source.name),
    ['pushed'],
  )
})

test('a model that is larger than the whole ceiling is loaded alone', async () => {
  const { shelf, load } = setUp({ memoryBytes: 500 })
  void shelf.ensure(big('a'))
  load(1).succeed()
  await settle()
  void shelf.ensure(big('b'))
  load(2).succeed()
  await settle()
  assert.deepEqual(
    shelf.warm().map(({ source }) => source.name),
    ['b'],
  )
})

test('required models of the house are never dropped for memory, a user’s of the same name is', async () => {
  const { shelf, clock, load } = setUp({ memoryBytes: 1500, required: ['needed'] })
  const needed = big('needed', null)
  const namesake = { ...big('needed'), id: 'namesake' }
  for (const [index, model] of [needed, namesake, big('other')].entries()) {
    clock.turn(1000)
    void shelf.ensure(model)
    load(index + 1).succeed()
    await settle()
  }
  assert.deepEqual(
    shelf.warm().map(({ source }) => source.id),
    ['needed@1', 'other@1'],
  )
})

test('close waits for runs in progress and for loads in progress, and leaves no session', async () => {
  const { shelf, load } = setUp()
  void shelf.ensure(price)
  load(1).succeed()
  await settle()
  void shelf.ensure(churn)
  const reload = shelf.reload(price)
  const release = load(1).holdClose()
  let closed = false
  const closing = shelf.close().then(() => {
    closed = true
  })
  await settle()
  assert.equal(closed, false, 'a run is in progress')
  release()
  await settle()
  assert.equal(closed, false, 'two loads are in progress')
  load(2).succeed()
  load(3).succeed()
  await closing
  await reload
  assert.deepEqual([load(1).closed(), load(2).closed(), load(3).closed()], [true, true, true])
  assert.deepEqual(shelf.warm(), [])
})
