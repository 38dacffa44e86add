import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { sibling } from '../../kit/sibling.ts'
import { compilePdf } from './compile.ts'
import { createCompilers } from './compilers.ts'
import type { TypesetAnswer, TypesetOrder } from './messages.ts'
import type { WatchdogData } from './watchdog.ts'

// The process that sets reports. Its arguments: the folder of the fonts, the server's process id, and the milliseconds
// after which it ends itself.

const [fontsFolder = '', parentPid, limitMs] = process.argv.slice(2)

// The server closed the channel, or is gone.
process.once('disconnect', () => process.exit())
// A terminal and a service manager send these to every process of the server, which answers what it accepted first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
preferForMemory()

let orders = 1
const busy = new Int32Array(new SharedArrayBuffer(4))
busy[0] = orders
const workerData: WatchdogData = { parentPid: Number(parentPid), limitMs: Number(limitMs), busy }
new Worker(sibling(import.meta.url, 'watchdog'), { workerData, execArgv: [] }).unref()

const compilerFor = createCompilers(fontsFolder)
say(0)

process.on('message', (order: TypesetOrder) => {
  orders += 1
  const number = orders
  say(number)
  answer(order)
    .catch((error): TypesetAnswer => {
      return { kind: 'bug', text: String(error instanceof Error ? error.stack : error) }
    })
    .then(reply =>
      process.send?.(reply, undefined, undefined, () => {
        // The next one may be here before this one is known to be sent.
        if (number === orders) say(0)
      }),
    )
})

async function answer(order: TypesetOrder): Promise<TypesetAnswer> {
  if (order.kind === 'pdf') return compilePdf(compilerFor(order.files), order.files)
  // Loaded only where it is used: a preview is rarer than a report.
  const { renderPage } = await import('./render-page.ts')
  return renderPage(order.pdf, order.page)
}

/** To the watchdog: the number of the order, 0 for none. */
function say(number: number): void {
  Atomics.store(busy, 0, number)
  Atomics.notify(busy, 0)
}

/** When memory runs out, Linux is to end this process and not the server (proc_pid_oom_score_adj(5)). */
function preferForMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Another system, or not allowed here.
  }
}
