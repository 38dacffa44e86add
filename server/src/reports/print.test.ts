import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conversationTranscript, forecastReport, predictionBatchSummary } from '@roundhouse/sdk/contract'
import { valueAxis } from './axis.ts'
import { contrastOf, reportColours } from './colours.ts'
import { printColumns } from './columns.ts'
import { transcriptExample } from './examples/conversation-transcript.ts'
import { forecastExample } from './examples/forecast-report.ts'
import { batchExample } from './examples/prediction-batch-summary.ts'
import { uncommonLetters } from './letters.ts'
import { numberStyle, percentText } from './numbers.ts'
import { periodMarks, periodRows, spanText } from './periods.ts'
import { printBatch, printForecast, printTranscript } from './print.ts'
import { rangeText } from './times.ts'

const texts = (values: number[], decimals?: number) => values.map(numberStyle(values, decimals).text)
const numberOf = (text: string) => Number(text.replace('\u{2212}', '-').replaceAll(/[,+]/g, ''))

test('numbers are printed with the decimals that they came with, all of a column alike', () => {
  assert.deepEqual(texts([1.5, 1_000_000.25]), ['1.50', '1,000,000.25'])
  assert.deepEqual(texts([1175.3, 1093]), ['1,175.3', '1,093.0'])
  assert.deepEqual(texts([-3, 0, 12]), ['\u{2212}3', '0', '12'])
  assert.deepEqual(texts([0.0312, 0.02]), ['0.0312', '0.0200'])
  assert.deepEqual(texts([1 / 3, 2 / 3]), ['0.3333', '0.6667'])
  assert.deepEqual(texts([12, 1.25], 0), ['12', '1'])
  assert.deepEqual(texts([]), [])
})

test('a column has one notation: powers of ten where its smallest or largest number needs them', () => {
  assert.deepEqual(texts([1.5, 1e-9, 0]), ['1.500\u{a0}×\u{a0}10⁰', '1.000\u{a0}×\u{a0}10⁻⁹', '0'])
  assert.deepEqual(texts([-1e30]), ['\u{2212}1.000\u{a0}×\u{a0}10³⁰'])
})

test('each change is the difference of the two numbers printed above each other', () => {
  const values = Array.from({ length: 60 }, (_, index) => 1000 + Math.sin(index) * 87.654_321)
  const report = printForecast(
    forecastReport.parse({
      title: 'a',
      history: [{ label: 'h', value: 1003.777_7 }],
      forecast: values.map((value, index) => ({
        label: `${index}`,
        value,
        lower: value - 1,
        upper: value + 1,
      })),
      decimals: 0,
    }),
  )
  let before = 1004
  for (const row of report.print.rows) {
    assert.equal(numberOf(row.change ?? ''), numberOf(row.value) - before)
    before = numberOf(row.value)
  }
})

test('only all is 100%, and only nothing is 0%', () => {
  const shown = [0, 1, 17, 500, 99_990, 99_999, 100_000].map(part => percentText(part, 100_000))
  assert.deepEqual(shown, ['0%', '< 0.01%', '0.02%', '0.5%', '99.99%', '> 99.99%', '100%'])
})

test('the axis of time marks the borders of the calendar, and always the first period', () => {
  const months = Array.from(
    { length: 54 },
    (_, at) => `${2024 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`,
  )
  assert.deepEqual(
    periodMarks(months).map(mark => `${mark.top} ${mark.bottom}`.trim()),
    ['Jan 2024', 'Jul', 'Jan 2025', 'Jul', 'Jan 2026', 'Jul', 'Jan 2027', 'Jul', 'Jan 2028'],
  )
  const days = Array.from({ length: 440 }, (_, at) =>
    new Date(Date.UTC(2026, 0, 16 + at)).toISOString().slice(0, 10),
  )
  assert.deepEqual(
    periodMarks(days).map(mark => `${mark.top} ${mark.bottom}`.trim()),
    ['16 Jan 2026', '1 Mar', '1 May', '1 Jul', '1 Sep', '1 Nov', '1 Jan 2027', '1 Mar'],
  )
  const years = Array.from({ length: 15 }, (_, at) => `${2017 + at}`)
  assert.deepEqual(
    periodMarks(years).map(mark => mark.top),
    ['2017', '2020', '2022', '2024', '2026', '2028', '2030'],
  )
  assert.deepEqual(
    periodMarks(['Start', 'Middle', 'End']).map(mark => mark.top),
    ['Start', 'Middle', 'End'],
  )
  for (const count of [1, 2, 7, 31, 400, 800]) {
    const marks = periodMarks(Array.from({ length: count }, (_, at) => `Week ${at}`))
    assert.equal(marks[0]?.top, 'Week 0')
    assert.ok(marks.length <= 12)
  }
})

test('rows are grouped by year, days by month, and other labels not at all', () => {
  assert.deepEqual(periodRows(['Q4 2026', 'Q1 2027']), [
    { group: '2026', label: 'Q4' },
    { group: '2027', label: 'Q1' },
  ])
  assert.deepEqual(periodRows(['2027-02-28', '2027-03-01']), [
    { group: 'February 2027', label: 'Sun 28' },
    { group: 'March 2027', label: 'Mon 1' },
  ])
  assert.equal(periodRows(['2027', '2028']), undefined)
  assert.equal(periodRows(['Jan 2027', 'Feb 2027']), undefined)
  // Not in the order of time, or no such day: printed as they are.
  assert.equal(periodRows(['Feb 2027', 'Jan 2026']), undefined)
  assert.equal(periodRows(['2027-02-30', '2028-03-01']), undefined)
  assert.equal(spanText(['Mar 2027', 'Apr 2027', 'Jun 2028']), 'March 2027 to June 2028')
})

test('the axis of values holds all of them, with round steps', () => {
  for (const values of [[0, 0], [5], [-1e30, 1e30], [0.1, 0.3], [-7, -3], [975, 1205], [1e-12, 9.9e29]]) {
    const { low, high, ticks } = valueAxis(values)
    const [least, most] = [Math.min(...values), Math.max(...values)]
    const slack = Math.max(Math.abs(least), Math.abs(most)) * 1e-12
    assert.ok(low <= least + slack && high >= most - slack && low < high, `${values}`)
    assert.ok(ticks.length >= 2 && ticks.length <= 12, `${ticks.length}`)
    assert.equal(new Set(ticks.map(tick => tick.text)).size, ticks.length)
  }
  assert.deepEqual(
    valueAxis([0.1, 0.7]).ticks.map(tick => tick.text),
    ['0.0', '0.2', '0.4', '0.6', '0.8'],
  )
})

test('whatever the accent is, its text and its lines can be read on paper, and titles on its field', () => {
  for (const accent of [
    undefined,
    '#ffd400',
    '#ffffff',
    '#000000',
    '#00ff00',
    '#fefefe',
    '#24527A',
    '#808080',
  ]) {
    const { fill, text, line, on } = reportColours(accent)
    assert.ok(contrastOf(text, '#ffffff') >= 4.5, `${accent} text`)
    assert.ok(contrastOf(line, '#ffffff') >= 3, `${accent} line`)
    assert.ok(contrastOf(on, fill) >= 4.5, `${accent} on its field`)
    assert.ok(contrastOf(fill, '#ffffff') >= 1.3, `${accent} field`)
  }
  assert.equal(reportColours('#ffd400').fill, '#ffd400')
})

test('times are printed in one zone that is named once, with seconds where minutes are the same', () => {
  const print = (moments: string[], zone?: string) =>
    printTranscript(
      conversationTranscript.parse({
        title: 'a',
        ...(zone && { time_zone: zone }),
        messages: moments.map(at => ({ role: 'user', text: 'x', at })),
      }),
    )
  const spread = print(['2026-11-21T09:14:00+02:00', '2026-11-21T07:15:00Z'])
  assert.deepEqual(
    spread.messages.map(({ day, time }) => ({ day, time })),
    [
      { day: '21 November 2026', time: '07:14' },
      { day: '21 November 2026', time: '07:15' },
    ],
  )
  assert.equal(spread.print.zone, 'UTC')
  const close = print(['2026-11-21T23:14:06Z', '2026-11-21T23:14:11Z'], 'Europe/Vienna')
  assert.deepEqual(
    close.messages.map(({ day, time }) => `${day} ${time}`),
    ['22 November 2026 00:14:06', '22 November 2026 00:14:11'],
  )
  assert.equal(close.print.zone, 'Europe/Vienna')
  const range = (from: string, to: string) => rangeText(from, to, 'UTC')
  assert.equal(
    range('2026-11-20T22:00:00Z', '2026-11-20T23:06:00+01:00'),
    '20 November 2026, 22:00 to 22:06 UTC',
  )
  assert.equal(
    range('2026-11-20T22:00:00Z', '2026-11-21T01:06:41Z'),
    '20 November 2026, 22:00:00 to 21 November 2026, 01:06:41 UTC',
  )
  assert.equal(
    conversationTranscript.safeParse({ ...transcriptExample, time_zone: 'Mars/Base' }).success,
    false,
  )
})

test('a table breaks long words behind their separators, never a number or a date', () => {
  const [mail, amount, at] = printColumns(
    ['Email', 'Amount', 'At'],
    [
      ['firstname.lastname@example-company.com', -1.5, '2026-11-21T09:14:00Z'],
      [null, null, null],
    ],
  )
  assert.deepEqual(mail?.cells, [
    'firstname.\u{200b}lastname@\u{200b}example-\u{200b}company.\u{200b}com',
    null,
  ])
  assert.deepEqual([amount?.isNumeric, amount?.cells], [true, ['\u{2212}1.5', null]])
  assert.deepEqual([at?.isNumeric, at?.cells[0]], [false, '2026-11-21T09:14:00Z'])
})

test('letters that a machine may have no font for are found once each, wherever they stand', () => {
  assert.deepEqual(uncommonLetters({ a: 'é – ž 漢', b: [{ c: '漢字\u{200d}\u{fe0f} e\u{301}' }], d: 5 }), [
    '–',
    '漢',
    '字',
  ])
})

test('the examples agree with themselves', () => {
  const { history = [], forecast, key_figures: figures = [], summary = '' } = forecastExample
  const sum = (points: { label: string; value: number }[], year: number) =>
    points.filter(point => point.label.endsWith(`${year}`)).reduce((total, point) => total + point.value, 0)
  const of2027 = forecast.filter(point => point.label.endsWith('2027'))
  const growth = [2025, 2026].map(year => sum(history, year) / sum(history, year - 1) - 1)
  const expected = sum(forecast, 2027) / sum(history, 2026) - 1
  assert.equal(figures[0]?.value, `${sum(forecast, 2027).toLocaleString('en-US')} GWh`)
  assert.equal(figures[0]?.note, `+${(expected * 100).toFixed(1)}% on 2026`)
  for (const before of growth) assert.ok(Math.abs(before - expected) < 0.003, `${before}`)
  const most = <T>(items: T[], of: (item: T) => number) =>
    items.reduce((best, item) => (of(item) > of(best) ? item : best))
  const peak = most(of2027, point => point.value)
  const widest = most(of2027, point => (point.upper ?? 0) - (point.lower ?? 0))
  assert.equal(peak.label, 'Jul 2027')
  assert.equal(widest.label, 'Jul 2027')
  assert.ok(summary.includes(`${peak.value.toLocaleString('en-US')} GWh`))
  assert.equal(figures[1]?.note, `${peak.value.toLocaleString('en-US')} GWh`)
  assert.ok(history.at(-1)?.label === 'Dec 2026' && (forecastExample.date ?? '') >= '2027-01-01')

  const { totals, errors = [], distributions = [], table, summary: text = '' } = batchExample
  const succeeded = totals.predictions - (totals.failed ?? 0)
  const added = (items: { value: number }[] = []) => items.reduce((total, item) => total + item.value, 0)
  assert.equal(
    errors.reduce((total, error) => total + error.count, 0),
    totals.failed,
  )
  for (const { count } of errors) assert.match(text, new RegExp(`\\b${count}\\b`))
  assert.equal(added(distributions[0]?.items), succeeded)
  assert.equal(added(distributions[1]?.items), added(distributions[0]?.items.slice(-2)))
  assert.match(text, /48,210 .* 48,193 .* 3,114/)
  assert.equal((table?.rows.length ?? 0) + (table?.left_out ?? 0), succeeded)
  assert.equal(printBatch(predictionBatchSummary.parse(batchExample)).print.totals[1]?.value, '48,193')

  const moments = transcriptExample.messages.map(message => message.at ?? '')
  assert.deepEqual(moments, moments.toSorted())
})
