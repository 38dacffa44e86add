import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneAtATime } from './one-at-a-time.ts'

test('work that takes longer than its interval does not overlap itself, and runs again when it is over', async () => {
  let begun = 0
  let end = Promise.withResolvers<void>()
  const work = oneAtATime(() => {
    begun += 1
    return end.promise
  })
  const both = [work(), work()]
  assert.equal(begun, 1)
  end.resolve()
  await Promise.all(both)

  end = Promise.withResolvers<void>()
  const failing = work()
  assert.equal(begun, 2)
  end.reject(new Error('away'))
  await assert.rejects(failing, /away/)
  end = Promise.withResolvers<void>()
  void work()
  assert.equal(begun, 3, 'a failure does not stop it for good')
  end.resolve()
})
