import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRefresher } from './live.ts'

test('what changes while it is asked for is asked for once more, after the answer, and nothing is after the end', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const answers: (() => void)[] = []
  const asked: string[] = []
  const refresher = createRefresher(kind => {
    asked.push(kind)
    return new Promise<void>(resolve => answers.push(resolve))
  })
  const answer = async () => {
    answers.shift()?.()
    await new Promise(setImmediate)
  }

  for (let change = 0; change < 5; change += 1) refresher.add('jobs')
  t.mock.timers.tick(60_000)
  assert.deepEqual(asked, ['jobs'], 'one at a time')
  await answer()
  assert.deepEqual(asked, ['jobs'], 'not at once')
  t.mock.timers.tick(60_000)
  assert.deepEqual(asked, ['jobs', 'jobs'])
  refresher.add('runs')
  assert.deepEqual(asked, ['jobs', 'jobs', 'runs'], 'kinds do not wait for each other')
  await answer()
  t.mock.timers.tick(60_000)
  refresher.add('jobs')
  assert.equal(asked.length, 4, 'after a rest a change is asked for at once')
  refresher.add('jobs')
  refresher.stop()
  await answer()
  await answer()
  t.mock.timers.tick(60_000)
  assert.equal(asked.length, 4)
})
