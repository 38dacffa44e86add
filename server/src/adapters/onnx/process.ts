import { writeFileSync } from 'node:fs'
import { serveSession } from './serve-session.ts'

// The process of one session whose runs may end it. Its argument is the path of the model.

// The server closed the channel, or is gone.
process.once('disconnect', () => process.exit())
// A terminal and a service manager send these to every process of the server, which answers what it accepted first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
preferForMemory()

await serveSession(String(process.argv[2]), {
  send: message => process.send?.(message),
  onMessage: listener => process.on('message', listener),
  close: () => process.disconnect(),
})

/** When memory runs out, Linux is to end this process and not the server (proc_pid_oom_score_adj(5)). */
function preferForMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Another system, or not allowed here.
  }
}
