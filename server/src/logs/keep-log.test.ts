import assert from 'node:assert/strict'
import { test } from 'node:test'
import { context } from '../kit/context.ts'
import type { LogFields } from '../kit/log.ts'
import { keptLog } from '../testing/kept-log.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { keepLog } from './keep-log.ts'
import type { NewLine } from './line.ts'

function keeping(perSecond = 100) {
  const clock = turnedClock()
  const { log, lines: told } = keptLog()
  const keeper = keepLog({ log, clock, perSecond, least: 'info' })
  const kept: NewLine[] = []
  const write = async (lines: readonly NewLine[]) => void kept.push(...lines)
  return { clock, told, kept, keeper, log: keeper.log, write }
}

const answered = { request_id: 'r1', method: 'GET', path: '/x', status: 200, duration_ms: 1.5, user_id: null }

test('what is logged before the database is there is written when it is, and goes to the other log too', async () => {
  const { log, keeper, kept, told, write } = keeping()
  log.info('postgres-init', { folder: 'f' })
  log.debug('too-low', {})
  keeper.open(write)
  log.info('request-end', answered)
  await keeper.close(1000)
  assert.deepEqual(
    told.map(({ event }) => event),
    ['postgres-init', 'too-low', 'request-end'],
  )
  assert.deepEqual(
    kept.map(({ number, event, fields }) => [number, event, fields]),
    [
      [1, 'postgres-init', '{"folder":"f"}'],
      [2, 'request-end', null],
    ],
  )
  const { requestId, method, path, status, durationMs, userId } = kept[1] ?? assert.fail()
  assert.deepEqual([requestId, method, path, status, durationMs, userId], ['r1', 'GET', '/x', 200, 1.5, null])
})

test('in a flood of requests other events, failures and warnings are still kept, and a line says what was not', async () => {
  const { log, keeper, kept, clock, write } = keeping(2)
  keeper.open(write)
  const flood = () => {
    for (let n = 0; n < 1000; n += 1) log.info('request-end', answered)
  }
  context.run({ requestId: 'r2', userId: 'u2' }, flood)
  log.info('run-start')
  log.warn('cache-degrade')
  log.info('request-end', { ...answered, status: 503 })
  context.run({ requestId: 'r2', userId: 'u2' }, () => clock.turn(10_000))
  await keeper.close(1000)
  const counts = Object.groupBy(kept, ({ event, status }) => `${event} ${status ?? ''}`.trim())
  assert.equal(counts['request-end 200']?.length, 40)
  for (const event of ['run-start', 'cache-degrade', 'request-end 503']) assert.ok(counts[event], event)
  const skip = counts['log-skip']?.[0] ?? assert.fail()
  assert.deepEqual([JSON.parse(skip.fields ?? '{}').lines, skip.requestId, skip.userId], [960, null, null])
})

test('a line has the request of its context, and whatever a task names its fields it can be stored', async () => {
  const { log, keeper, kept, write } = keeping()
  keeper.open(write)
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const odd: LogFields[] = [
    { user_id: 'not a uuid', status: 'late', duration_ms: -1, method: 7 },
    { text: 'a\0b\ud800', 'n\0\udc00': '\\u0000', path: 'c\0' },
    { n: 10n, err: new Error('outer', { cause: new Error('inner') }) },
    circle,
    { long: 'a'.repeat(100_000) },
    // Cut in the middle of a character.
    { long: `${'a'.repeat(8182)}\u{1f600}${'a'.repeat(10_000)}` },
  ]
  context.run({ requestId: 'r2', userId: 'u2' }, () => {
    for (const fields of odd) log.info('task-say', fields)
  })
  await keeper.close(1000)
  assert.ok(kept.every(({ requestId, userId }) => requestId === 'r2' && userId === 'u2'))
  const [named, text, error, circled, long, halved] = kept.map(({ fields }) => JSON.parse(fields ?? 'null'))
  assert.deepEqual(named, odd[0])
  assert.deepEqual([text, kept[1]?.path], [{ text: 'a\ufffdb\ufffd', 'n\ufffd\ufffd': '\\u0000' }, 'c\ufffd'])
  assert.equal(error.n, '10')
  assert.equal(error.err.message, 'outer')
  assert.equal(error.err.cause.message, 'inner')
  assert.ok(circled.cut)
  assert.ok(long.cut.startsWith('{"long":"aaa') && long.cut.length < 10_000)
  assert.ok(halved.cut.endsWith('a\ufffd'))
})
