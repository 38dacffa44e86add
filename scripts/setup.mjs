/** Makes a bare clone ready: installs and builds what is missing or stale. Runs on any Node from 20, before anything else. */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPart, findStaleParts } from './build.mjs'
import { install, isInstalled, pinnedNode } from './install.mjs'
import { withLock } from './lock.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Sets up, or says what is in the way and ends the process. Silent when there is nothing to do. */
export async function setUp({ build = true } = {}) {
  process.chdir(root)
  if (isInstalled(root) && !(build && findStaleParts(root).length > 0)) return
  const begin = Date.now()
  const onWait = () => say('Waiting for another set-up of this checkout to finish.')
  try {
    await withLock(join(root, '.cache/setup.lock'), onWait, async alsoRunning => {
      const run = (command, args, env) => runQuietly(command, args, env, alsoRunning)
      if (!isInstalled(root)) {
        say('Installing packages; the first time takes about a minute.')
        await install(root, run)
      }
      const stale = build ? findStaleParts(root) : []
      if (stale.length > 0) say(`Building ${stale.map(part => part.name).join(', ')}.`)
      for (const part of stale) await buildPart(root, part, args => run(pinnedNode(root), args, process.env))
    })
  } catch (error) {
    say(
      error.code === 'EACCES'
        ? `${error.message}\nThis user may not write to the checkout ${root}.`
        : error.message,
    )
    process.exit(process.exitCode ?? 1)
  }
  say(`Ready after ${((Date.now() - begin) / 1000).toFixed(1)} s.`)
}

/** Shows what the command prints only when it fails. Ends with us when we are told to stop. */
async function runQuietly(command, args, env, alsoRunning) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid) alsoRunning(child.pid)
  const printed = []
  child.stdout.on('data', chunk => printed.push(chunk))
  child.stderr.on('data', chunk => printed.push(chunk))
  let stoppedBy
  const stop = signal => {
    stoppedBy = signal
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  const failure = await new Promise(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `exit ${code ?? signal}`))
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop)
  if (stoppedBy) process.exitCode = 128 + constants.signals[stoppedBy]
  if (stoppedBy) throw new Error('Stopped. Run the same command again to finish the set-up.')
  if (!failure) return
  const shown = Buffer.concat(printed).toString().trimEnd().split('\n').slice(-40).join('\n')
  const name = [command, ...args].join(' ').replaceAll(root, '')
  throw new Error(
    `${shown}\n\nThe set-up failed at \`${name}\` (${failure}). Mend what it says above and run this again.`,
  )
}

function say(sentence) {
  process.stderr.write(`${sentence}\n`)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await setUp()
