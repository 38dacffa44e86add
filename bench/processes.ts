import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A server under test. */
export type Started = { pid: number; output(): string; stop(): Promise<void> }

export type StartOptions = {
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Takes standard output and error: writing to a file costs a server the same whoever reads it. */
  logFile: string
}

const stopMs = 20_000
const running = new Set<ChildProcess>()

/** Starts a program with a bare environment, so that no setting of this shell reaches it. */
export function start({ command, args, env, logFile }: StartOptions): Started {
  const log = openSync(logFile, 'a')
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { PATH, HOME, ...env } })
  closeSync(log)
  child.on('error', () => {})
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} could not be started.`)
  running.add(child)
  return {
    pid,
    output: () => readFileSync(logFile, 'utf8'),
    async stop() {
      await end(child)
      running.delete(child)
    },
  }
}

/** Ends whatever is still running, when the run is broken off. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(end))
}

/** What `find` makes of the output, once it makes something. @throws Error with the output when it takes too long. */
export async function awaitOutput<Found>(
  server: Started,
  find: (output: string) => Found | undefined,
): Promise<Found> {
  for (const deadline = Date.now() + 60_000; ; await delay(20)) {
    const found = find(server.output())
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`The server did not start:\n${server.output().slice(-2000)}`)
  }
}

/** Runs a program to its end; its standard output. @throws Error with what it said when it fails. */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const code = await new Promise(resolve => {
    child.on('error', resolve)
    child.on('close', resolve)
  })
  if (code === 0) return output
  throw new Error(
    `${command} ${args[0] ?? ''} failed (${code}): ${errors.trim().split('\n').slice(-5).join('\n')}`,
  )
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await exited
  clearTimeout(late)
}
