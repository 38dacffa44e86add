import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { sibling } from '../../kit/sibling.ts'
import type { UnreadDocument } from '../../ports/document-reader.ts'
import type { ReadAnswer } from './child.ts'
import { packed } from './packed.ts'
import { readDocument } from './read.ts'
import { Unreadable } from './unreadable.ts'
import type { WatchdogData } from './watchdog.ts'

// The process that reads one document. Its arguments: the server's process id, and the milliseconds after which it ends
// itself, should nobody else.

const [parentPid, limitMs] = process.argv.slice(2)

process.once('disconnect', () => process.exit())
// A terminal and a service manager send these to every process of the server, which decides.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
try {
  // When memory runs out, Linux is to end this process and not the server (proc_pid_oom_score_adj(5)).
  writeFileSync('/proc/self/oom_score_adj', '1000')
} catch {
  // Another system, or not allowed here.
}
const workerData: WatchdogData = { parentPid: Number(parentPid), limitMs: Number(limitMs) }
new Worker(sibling(import.meta.url, 'watchdog'), { workerData, execArgv: [] }).unref()

process.once('message', (document: UnreadDocument) => {
  readDocument(document)
    .then((read): ReadAnswer => ({ kind: 'read', document: packed(read) }))
    .catch((error): ReadAnswer => {
      if (error instanceof Unreadable) return { kind: 'unreadable', why: error.message }
      return { kind: 'bug', text: String(error instanceof Error ? error.stack : error) }
    })
    .then(answer => process.send?.(answer))
})
