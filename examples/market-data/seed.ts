/**
 * Fills a new server: some instruments, then their prices of the last months. Safe to repeat.
 *
 * ROUNDHOUSE_URL (http://localhost:3000) and ROUNDHOUSE_KEY, a key of an administrator; FROM and TO are days.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, type TaskRun } from '@roundhouse/sdk'

const { ROUNDHOUSE_URL: baseUrl = 'http://localhost:3000', ROUNDHOUSE_KEY: token } = process.env
if (!token)
  throw new Error(
    'Set ROUNDHOUSE_KEY to the key that the server prints at its start, and keeps in data/service-role-key.',
  )
const client = createClient({ baseUrl, token })
const dayMs = 24 * 3600 * 1000
const from = process.env.FROM ?? new Date(Date.now() - 90 * dayMs).toISOString().slice(0, 10)
const to = process.env.TO ?? new Date().toISOString().slice(0, 10)

const instruments = [
  { symbol: 'ACME', name: 'Acme Corporation' },
  { symbol: 'GLOBEX', name: 'Globex' },
  { symbol: 'INITECH', name: 'Initech' },
]
for (const [task, input] of [
  ['instruments', { instruments }],
  ['prices', { from, to }],
] as const) {
  const run = await ended(await client.tasks.run(task, { input }))
  if (run.status !== 'done') throw new Error(`${task} is ${run.status}: ${run.error?.detail ?? ''}`)
  console.log(`${task}: ${run.rows_read} rows read, ${run.rows_written} written`)
}

async function ended({ id, task }: TaskRun): Promise<TaskRun> {
  for (;;) {
    const { data } = await client.tasks.runs.list(task)
    const run = data.find(run => run.id === id)
    if (run?.finished_at) return run
    await delay(200)
  }
}
