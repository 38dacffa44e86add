/**
 * Fills a new server: the model, the broker's listings, the prices of two towns, the broker's logo. Safe to repeat.
 *
 * ROUNDHOUSE_URL (http://localhost:3000) and ROUNDHOUSE_KEY, the service-role key; BROKER_ID is the user's.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, type TaskRun } from '@roundhouse/sdk'
import { pastMonths, townPrices } from './market.ts'
import { brokerId } from './token.ts'
import { trainForecaster } from './train.ts'

const { ROUNDHOUSE_URL: baseUrl = 'http://localhost:3000', ROUNDHOUSE_KEY: token } = process.env
const { BROKER_ID: broker = brokerId } = process.env
if (!token)
  throw new Error(
    'Set ROUNDHOUSE_KEY to the key that the server prints at its start, and keeps in data/service-role-key.',
  )
const client = createClient({ baseUrl, token })

const { bytes } = trainForecaster()
await client.files.from('models').upload('price-forecast.onnx', bytes, { upsert: true })

const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="48" viewBox="0 0 160 48">
  <path d="M4 44V22L24 6l20 16v22H30V30H18v14z" fill="#24527a"/><rect x="56" y="18" width="100" height="12" fill="#e0a030"/>
</svg>`
await client.files
  .from('agent-logos')
  .upload(`${broker}/logo.svg`, new Blob([logo], { type: 'image/svg+xml' }), { upsert: true })

const listings = [
  { broker, address: 'Seestrasse 4', town: 'Bregenz', area_m2: 84 },
  { broker, address: 'Lindenweg 11', town: 'Graz', area_m2: 62 },
]
const prices = ['Bregenz', 'Graz'].flatMap((town, index) =>
  townPrices(1000 + index, pastMonths).map((price, month) => ({
    town,
    month: monthBefore(pastMonths - month),
    price_per_m2: Math.round(price),
  })),
)
const run = await ended(await client.tasks.run('listings', { input: { listings, prices } }))
if (run.status !== 'done') throw new Error(`The task is ${run.status}: ${run.error?.detail ?? ''}`)
console.log(`The model is in its bucket; ${run.rows_written} rows written for the broker ${broker}.`)

/** The first day, in UTC. */
function monthBefore(months: number): string {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months)).toISOString().slice(0, 10)
}

async function ended({ id, task }: TaskRun): Promise<TaskRun> {
  for (;;) {
    const { data } = await client.tasks.runs.list(task)
    const run = data.find(run => run.id === id)
    if (run?.finished_at) return run
    await delay(200)
  }
}
