import { writeFileSync } from 'node:fs'
import { compilePdf, openCompiler } from './compile.ts'
import type { TypesetAnswer, TypesetOrder } from './messages.ts'

// The process that sets reports. Its argument is the folder of the fonts.

// The server closed the channel, or is gone.
process.once('disconnect', () => process.exit())
// A terminal and a service manager send these to every process of the server, which answers what it accepted first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
preferForMemory()

const compiler = openCompiler(String(process.argv[2]))

process.on('message', (order: TypesetOrder) => {
  answer(order).then(
    reply => process.send?.(reply),
    error => process.send?.({ kind: 'bug', text: String(error instanceof Error ? error.stack : error) }),
  )
})

async function answer(order: TypesetOrder): Promise<TypesetAnswer> {
  if (order.kind === 'pdf') return compilePdf(compiler, order.files)
  // Loaded only where it is used: a preview is rarer than a report.
  const { renderPage } = await import('./render-page.ts')
  return renderPage(order.pdf, order.page)
}

/** When memory runs out, Linux is to end this process and not the server (proc_pid_oom_score_adj(5)). */
function preferForMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Another system, or not allowed here.
  }
}
