import { defineTask, type TaskContext } from '@roundhouse/sdk/config'
import { type DateRange, daysBefore, monthsOf, newYorkDate, readDate } from './dates.ts'

/** A day as the provider tells it. */
type Price = { symbol: string; date: string; close: string; volume: number; revision: number }

/** Corrections come for so many days after the day itself. */
const correctedDays = 7

/**
 * One task for the daily feed and for backfills, so that only one of them writes at a time (a task is a singleton unless
 * it says otherwise). A tick that a long backfill passes over is made good by the next one: each reads a week.
 */
export const prices = defineTask({
  name: 'prices',
  description: 'Closing prices of the last week after each trading day; with input {from, to} of those days.',
  schedule: '30 22 * * 1-5',
  timezone: 'America/New_York',
  missed: 'once',
  retry: { attempts: 5 },
  fetch: { requestsPerSecond: 20 },
  async run(context) {
    const { sql, step, progress } = context
    const instruments = await sql<{ symbol: string }>`select symbol from instruments order by symbol`
    const symbols = instruments.map(({ symbol }) => symbol)
    const months = monthsOf(rangeOf(context))
    for (const [index, month] of months.entries()) {
      // Stored when it is done: a run that is begun again goes on with the next month.
      await step(month.from, () => load(context, symbols, month))
      progress(index + 1, months.length, 'months')
    }
  },
})

function rangeOf({ input, tick }: TaskContext): DateRange {
  if (input.from !== undefined || input.to !== undefined)
    return { from: readDate('from', input.from), to: readDate('to', input.to) }
  const today = newYorkDate(tick ?? new Date())
  return { from: daysBefore(today, correctedDays), to: today }
}

async function load(context: TaskContext, symbols: readonly string[], range: DateRange): Promise<void> {
  for (const symbol of symbols) {
    const found = await ask(context, symbol, range)
    context.rows.read(found.length)
    context.rows.written(await store(context, found))
  }
}

async function ask({ fetch }: TaskContext, symbol: string, { from, to }: DateRange): Promise<Price[]> {
  const base = process.env.PROVIDER_URL ?? 'http://127.0.0.1:4010'
  const reply = await fetch(`${base}/v1/prices?${new URLSearchParams({ symbol, from, to })}`)
  if (!reply.ok) throw new Error(`The provider answered ${reply.status} for ${symbol}.`)
  const body = (await reply.json()) as { data: Price[] }
  return body.data
}

/** By symbol and date; an answer that is older than what is there changes nothing, in whatever order they come. */
async function store({ sql }: TaskContext, found: readonly Price[]): Promise<number> {
  const written = await sql`
    insert into prices (symbol, date, close, volume, revision)
    select symbol, date, close, volume, revision from json_to_recordset(${JSON.stringify(found)}::json)
      as row(symbol text, date date, close numeric, volume bigint, revision integer)
    on conflict (symbol, date) do update
      set close = excluded.close, volume = excluded.volume, revision = excluded.revision, changed_at = now()
      where prices.revision < excluded.revision
    returning symbol`
  return written.length
}
