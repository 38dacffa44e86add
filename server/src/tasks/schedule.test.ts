import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSchedule } from './schedule.ts'

const at = (text: string) => new Date(text)
const texts = (moments: readonly Date[]) => moments.map(moment => moment.toISOString().slice(0, 16))

test('a time that the clocks pass over comes once, at the first moment behind the gap', () => {
  const nightly = parseSchedule('30 2 * * *', 'Europe/Berlin')
  assert.deepEqual(texts(nightly.upcoming(3, at('2026-03-28T00:00:00Z'))), [
    '2026-03-28T01:30',
    '2026-03-29T01:00', // 03:00 of the summer
    '2026-03-30T00:30',
  ])
})

test('a time that comes twice when the clocks go back counts the first time', () => {
  const nightly = parseSchedule('30 2 * * *', 'Europe/Berlin')
  assert.deepEqual(texts(nightly.upcoming(3, at('2026-10-24T00:00:00Z'))), [
    '2026-10-24T00:30',
    '2026-10-25T00:30', // 02:30 of the summer
    '2026-10-26T01:30',
  ])
})

test('the latest tick of any moment is the one before its next, on both days of the clocks too', () => {
  const nightly = parseSchedule('30 2 * * *', 'Europe/Berlin')
  for (const day of ['2026-03-29', '2026-10-25']) {
    for (let minute = 0; minute < 5 * 60; minute += 7) {
      const moment = new Date(at(`${day}T00:00:00Z`).getTime() + minute * 60_000)
      const latest = nightly.latest(moment)
      assert(latest && latest <= moment)
      const next = nightly.next(latest)
      assert(next && next > moment, moment.toISOString())
    }
  }
})

test('a tick counts from its very second', () => {
  const hourly = parseSchedule('0 * * * *', 'UTC')
  assert.deepEqual(hourly.latest(at('2026-05-01T10:00:00Z')), at('2026-05-01T10:00:00Z'))
  assert.deepEqual(hourly.latest(at('2026-05-01T09:59:59Z')), at('2026-05-01T09:00:00Z'))
})

test('lists count as times, steps as what has passed', () => {
  const twice = parseSchedule('30 2,14 * * *', 'Europe/Berlin')
  assert.deepEqual(texts(twice.upcoming(2, at('2026-10-24T23:00:00Z'))), [
    '2026-10-25T00:30',
    '2026-10-25T13:30',
  ])
  const halves = parseSchedule('*/30 * * * *', 'Europe/Berlin')
  assert.deepEqual(texts(halves.upcoming(3, at('2026-10-25T00:00:00Z'))), [
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
  ])
})

test('what is no expression of five fields, or names no moment, is refused with its text', () => {
  for (const text of ['', 'soon', '60 * * * *', '* * * * * *', '0 0 31 2 *', '* * * * MOO'])
    assert.throws(
      () => parseSchedule(text, 'UTC'),
      (error: Error) => error.message.includes(`"${text}"`) && !error.message.includes('\n'),
      text,
    )
})
