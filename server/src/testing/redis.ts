import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { defer, type Scope } from './defer.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type Redis = {
  url: string
  port: number
  signal(name: NodeJS.Signals): void
  /** SIGKILL; fulfils when it is gone. */
  kill(): Promise<void>
}

/** A Redis that keeps nothing on disk, on loopback; on a free port unless told. Killed when the scope ends. */
export async function startRedis(
  scope: Scope,
  options: { port?: number; password?: string } = {},
): Promise<Redis> {
  const { port = await freePort(), password } = options
  const dir = await temporaryFolder(scope)
  const flags = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  if (password !== undefined) flags.push('--requirepass', password)
  const child: ChildProcess = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await exited
  }
  defer(scope, kill)
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`redis-server ended with ${code}`)))
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.includes('Ready to accept connections')) resolve()
    })
  })
  return { url: `redis://127.0.0.1:${port}`, port, kill, signal: name => void child.kill(name) }
}
