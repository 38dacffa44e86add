import type { TaskRun } from '@roundhouse/sdk'

export const causes = { schedule: 'by its schedule', missed: 'for a missed tick', manual: 'by hand' } as const

/** Milliseconds from its beginning to its end; undefined while it has not ended. */
export function tookMs({
  started_at: from,
  finished_at: to,
}: Pick<TaskRun, 'started_at' | 'finished_at'>): number | undefined {
  return from === null || to === null ? undefined : Math.max(0, Date.parse(to) - Date.parse(from))
}

/** Of the reader: `Europe/Berlin`. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** What an administrator writes to have a task of their own. */
export const taskSnippet = `import { defineConfig, defineTask } from '@roundhouse/sdk/config'

const rates = defineTask({
  name: 'rates',
  description: 'Exchange rates of the day.',
  schedule: '30 6 * * 1-5',
  timezone: 'Europe/Berlin',
  async run({ fetch, rows }) {
    const reply = await fetch('https://rates.example.com/today')
    if (!reply.ok) throw new Error(\`The rates were answered with \${reply.status}.\`)
    const found = await reply.json()
    rows.read(found.length)
    return { first: found[0] }
  },
})

export default defineConfig({ tasks: [rates] })
`
