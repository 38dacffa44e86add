import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { pinnedNode } from './install.mjs'
import { root } from './setup.mjs'

/** glibc keeps freed blocks of up to 32 MiB: of a 300 MB model that was unloaded 672 MB stayed, with this 141. */
export const givesMemoryBack = { MALLOC_MMAP_THRESHOLD_: '1048576' }

/**
 * Node's own code on large pages, where the system allows it: at one connection a prediction of a small model took a
 * quarter less CPU (2026-11); 15 MB more memory.
 */
export const nodeFlags = ['--use-largepages=silent']

/** npm passes on a Ctrl-C that the terminal has sent to all of us already. */
const sameSignalWithinMs = 500
const parentCheckMs = 500

/**
 * Runs the pinned Node and becomes it as far as others can see: output, signals and exit code pass through.
 *
 * The child has a process group of its own, so that a signal reaches it once, from here. Under npm it is also told
 * to stop when npm vanishes.
 * @param {string[]} args
 */
export async function runPinned(args) {
  const child = spawn(pinnedNode(root), args, {
    cwd: root,
    env: { ...givesMemoryBack, ...process.env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
  let passedAt = Number.NEGATIVE_INFINITY
  const pass = signal => {
    if (performance.now() - passedAt < sameSignalWithinMs) return
    passedAt = performance.now()
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, pass)
  for (const signal of ['SIGHUP', 'SIGQUIT']) process.on(signal, () => pass('SIGTERM'))

  const parent = process.ppid
  if (process.env.npm_lifecycle_event) {
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      pass('SIGTERM')
    }, parentCheckMs)
    watch.unref()
  }

  const code = await new Promise(resolve => {
    child.on('error', error => {
      process.stderr.write(
        `The pinned Node does not run: ${error.message}. Remove node_modules and try again.\n`,
      )
      resolve(1)
    })
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? 128 + constants.signals[signal]))
  })
  process.exit(code)
}
