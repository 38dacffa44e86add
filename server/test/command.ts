import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** What a test sets; `undefined` takes a variable away. */
export type Environment = Record<string, string | undefined>

export type Ended = { code: number | null; stdout: string; stderr: string }

/** The command from its sources, without any build. */
const fromSource = [
  '--conditions=roundhouse-source',
  fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)),
]

/** Only these reach the command from the shell that runs the tests: its settings must not. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_COMPILE_CACHE', 'ROUNDHOUSE_TEST_RUN']

/** Starts the real command in a process of its own. `from` is another way to it than the sources. */
export function spawnCommand(
  args: readonly string[],
  options: {
    env?: Environment | undefined
    cwd?: string | undefined
    from?: readonly string[] | undefined
  } = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const [program = process.execPath, ...first] = options.from ?? [process.execPath, ...fromSource]
  const env: Environment = Object.fromEntries(inherited.map(name => [name, process.env[name]]))
  return spawn(program, [...first, ...args], {
    env: { ...env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs the command to its end. One that does not end is killed after `limitMs`, and its code is null. */
export async function runCommand(
  args: readonly string[],
  options: Parameters<typeof spawnCommand>[1] & { limitMs?: number } = {},
): Promise<Ended> {
  const child = spawnCommand(args, options)
  const limit = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? 60_000)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(limit)
  return { code, stdout, stderr }
}
