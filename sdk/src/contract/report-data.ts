import { z } from 'zod'

// What the templates of version 1 take. Bounded, so that no report takes longer than its time.

/** Control characters have no shape in print; newlines and tabs stay. */
function text(maxCharacters: number) {
  return z
    .string()
    .trim()
    .overwrite(value => value.replaceAll(/\r\n?/g, '\n'))
    .min(1)
    .max(maxCharacters)
    .refine(value => !/[\p{Cc}--[\t\n\r]]/v.test(value), {
      error: 'Control characters cannot be printed. Remove them.',
    })
    .refine(value => value.isWellFormed(), { error: 'Holds half of a surrogate pair, which is not text.' })
}

/** Beyond it a chart has no scale. */
const value = z.number().min(-1e30).max(1e30)
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const date = z.iso.date()
const moment = z.iso.datetime({ offset: true })
/** In which moments are printed, whatever offset they came with. */
const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: 'A time zone is UTC or a name of the IANA list: Europe/Vienna.' })
  .default('UTC')

const cover = {
  title: text(200),
  subtitle: text(300).optional(),
  /** Name of an object in the bucket `agent-logos`: PNG, JPEG, or SVG that refers to nothing outside itself. */
  logo: z.string().min(1).max(1024).optional(),
  /** Colour of titles, lines and bars: `#24527a`. */
  accent: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, { error: 'A colour has the form #24527a.' })
    .optional(),
  prepared_for: text(120).optional(),
  prepared_by: text(120).optional(),
  date: date.optional(),
  reference: text(80).optional(),
  summary: text(8000).optional(),
  note: text(4000).describe('Small print at the end.').optional(),
}

const keyFigure = z.strictObject({ label: text(60), value: text(30), note: text(80).optional() })

const period = text(40).describe('2027-03-01, 2027-W09, 2027-03, Q1 2027 or 2027.')

/** `lower` and `upper` are given both or neither, and lie around `value`. */
const forecastPoint = z
  .strictObject({ label: period, value, lower: value.optional(), upper: value.optional() })
  .refine(point => (point.lower === undefined) === (point.upper === undefined), {
    error: 'Give both lower and upper, or neither.',
  })
  .refine(({ value, lower = value, upper = value }) => lower <= value && value <= upper, {
    error: 'lower <= value <= upper does not hold.',
  })

/**
 * Data of `forecast-report`, version 1: history and forecast in the order of time. Labels that are dates (`2027-03-01`),
 * weeks (`2027-W09`), months (`Mar 2027`, `2027-03`), quarters (`Q1 2027`) or years get an axis and a table by the calendar.
 */
export const forecastReport = z.strictObject({
  ...cover,
  key_figures: z.array(keyFigure).max(8).default([]),
  measure: text(80).describe('What is forecast: "Energy demand".').optional(),
  unit: text(20).optional(),
  /** Without it those that they were given with, long tails cut. */
  decimals: z.int().min(0).max(6).describe('Decimal places of the numbers.').optional(),
  confidence: z
    .number()
    .gt(0)
    .lt(1)
    .describe('Probability of the interval from lower to upper: 0.9.')
    .optional(),
  history: z
    .array(z.strictObject({ label: period, value }))
    .max(400)
    .describe('What is known, in the order of time.')
    .default([]),
  forecast: z
    .array(forecastPoint)
    .min(1)
    .max(400)
    .describe('In the order of time; lower and upper both or neither, around value.'),
  assumptions: z.array(text(1000)).max(40).default([]),
  method: text(8000).optional(),
})

const cell = z.union([text(400), value, z.null()])

/** Data of `prediction-batch-summary`, version 1. */
export const predictionBatchSummary = z.strictObject({
  ...cover,
  model: z.strictObject({ name: text(128), version: text(128).optional() }),
  period: z
    .strictObject({ from: moment, to: moment })
    .refine(({ from, to }) => Date.parse(from) <= Date.parse(to), { error: 'from is after to.' })
    .optional(),
  time_zone: timeZone,
  totals: z
    .strictObject({ predictions: count, failed: count.default(0), cached: count.optional() })
    .refine(({ predictions, failed, cached = 0 }) => failed <= predictions && cached <= predictions, {
      error: 'failed and cached are each at most predictions.',
    }),
  duration_ms: z
    .strictObject({
      p50: value.min(0).optional(),
      p95: value.min(0).optional(),
      p99: value.min(0).optional(),
      max: value.min(0).optional(),
    })
    .optional(),
  /** Bars: predictions by class, by region, by hour. */
  distributions: z
    .array(
      z.strictObject({
        title: text(80),
        items: z
          .array(z.strictObject({ label: text(80), value: value.min(0) }))
          .min(1)
          .max(40),
      }),
    )
    .max(6)
    .default([]),
  errors: z
    .array(z.strictObject({ message: text(400), count }))
    .max(50)
    .default([]),
  /** A column whose cells are all numbers is set as numbers. `left_out` says how many rows are not there. */
  table: z
    .strictObject({
      columns: z.array(text(60)).min(1).max(12),
      rows: z.array(z.array(cell)).max(1000),
      left_out: count.optional(),
    })
    .refine(({ columns, rows }) => rows.every(row => row.length === columns.length), {
      error: 'Every row has as many cells as there are columns.',
    })
    .optional(),
})

/**
 * Data of `conversation-transcript`, version 1. Texts are read as Markdown; of those of tools and of the system only the
 * ``` fences.
 */
export const conversationTranscript = z.strictObject({
  ...cover,
  agent: text(120).optional(),
  model: text(120).optional(),
  time_zone: timeZone,
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant', 'system', 'tool']),
        name: text(80).optional(),
        at: moment.optional(),
        text: text(200_000),
      }),
    )
    .min(1)
    .max(1000),
})

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

export type ForecastReport = z.input<typeof forecastReport>
export type PredictionBatchSummary = z.input<typeof predictionBatchSummary>
export type ConversationTranscript = z.input<typeof conversationTranscript>
