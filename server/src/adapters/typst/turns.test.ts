import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns, type Waiter } from './turns.ts'

type Item = Waiter & { number: number }

let made = 0
const item = (caller: string, size: Waiter['size'] = 'large'): Item => ({ caller, size, number: made++ })

test('callers take turns, and each is served in its own order', () => {
  const turns = createTurns<Item>()
  for (const caller of ['a', 'a', 'a', 'b', 'c', 'b']) assert.equal(turns.add(item(caller)), undefined)
  const order = Array.from({ length: 7 }, () => turns.next())
  assert.deepEqual(
    order.map(each => each?.caller),
    ['a', 'b', 'c', 'a', 'b', 'a', undefined],
  )
  const ofA = order.filter(each => each?.caller === 'a').map(each => each?.number ?? 0)
  assert.deepEqual(
    ofA,
    [...ofA].sort((left, right) => left - right),
  )
})

test('of a full queue whoever has the most gives up the last place, until all have the same', () => {
  const turns = createTurns<Item>()
  const ofMany = Array.from({ length: 16 }, () => item('many'))
  for (const each of ofMany) assert.equal(turns.add(each), undefined)
  const oneMore = item('many')
  assert.equal(turns.add(oneMore), oneMore)
  for (let place = 15; place >= 8; place--) assert.equal(turns.add(item('other')), ofMany[place])
  const refused = item('other')
  assert.equal(turns.add(refused), refused)
  assert.equal(turns.clear().length, 16)
})

test('what holds no data has places of its own, forty for each caller', () => {
  const turns = createTurns<Item>()
  for (let number = 0; number < 40; number++) assert.equal(turns.add(item('a', 'small')), undefined)
  const refused = item('a', 'small')
  assert.equal(turns.add(refused), refused)
  assert.equal(turns.add(item('b', 'small')), undefined)
  assert.equal(turns.add(item('a')), undefined)
})

test('what was removed has no turn', () => {
  const turns = createTurns<Item>()
  const [first, second] = [item('a'), item('a')]
  turns.add(first)
  turns.add(second)
  assert.equal(turns.remove(first), true)
  assert.equal(turns.remove(first), false)
  assert.equal(turns.next(), second)
  assert.equal(turns.next(), undefined)
})
