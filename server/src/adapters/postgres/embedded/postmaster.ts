import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../../kit/log.ts'
import type { Binaries } from './binaries.ts'
import { chooseSocketFolder, type Place } from './place.ts'
import { findPostmaster } from './postmaster-pid.ts'
import { isAlive, spawnOptions } from './processes.ts'

/** Names what a server was started with, so that one found running can be compared. */
export const fingerprintSetting = 'roundhouse.settings'

const pollMs = 5
const fastShutdownMs = 10_000
const logLimitBytes = 1024 * 1024

/**
 * For a machine of 512 MB: idle 17 MB (PSS, PostgreSQL 18.4, five processes; the defaults keep nine).
 * fsync, full_page_writes and data checksums stay on, as initdb leaves them.
 */
const smallSettings = {
  max_connections: '60',
  shared_buffers: '32MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  effective_cache_size: '128MB',
  max_wal_size: '256MB',
  jit: 'off',
  huge_pages: 'off',
  io_method: 'sync',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_worker_processes: '2',
  autovacuum_worker_slots: '2',
  autovacuum_max_workers: '2',
  // There is no standby: backups are copies of the stopped folder, or exports.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_replication_slots: '0',
  max_logical_replication_workers: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements and their values never reach the log: they may hold secrets.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
}

export type Settings = Readonly<Record<string, string>>

/** The complete settings of a server in this place, with their fingerprint. */
export async function composeSettings(place: Place, binaries: Binaries, extra: Settings): Promise<Settings> {
  const where: Record<string, string> =
    process.platform === 'win32'
      ? { listen_addresses: '127.0.0.1' }
      : {
          listen_addresses: '',
          unix_socket_directories: await chooseSocketFolder(place),
          unix_socket_permissions: '0700',
          port: '5432',
        }
  const settings = { ...smallSettings, ...where, ...extra }
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([binaries.version, settings]))
    .digest('hex')
  return { ...settings, [fingerprintSetting]: fingerprint.slice(0, 16) }
}

/**
 * Starts the server and waits until it answers, however long its recovery takes. Resolves to undefined when another
 * server came up on the folder first.
 * @throws Error with the end of the log when it does not come up.
 */
export async function startPostmaster(options: {
  place: Place
  folder: string
  binaries: Binaries
  settings: Settings
  stalePid: number | undefined
  log: Log
}): Promise<number | undefined> {
  const { place, folder, binaries, settings, stalePid, log } = options
  const logPath = join(place.base, 'postgres.log')
  if (((await stat(logPath).catch(() => undefined))?.size ?? 0) > logLimitBytes) {
    await rename(logPath, `${logPath}.1`)
  }
  const output = await open(logPath, 'a', 0o600)
  const logStart = (await output.stat()).size
  const args = ['-D', folder, ...(await toArguments(settings))]
  // The number in a stale file may belong to another program by now (always so in a container). Postgres would refuse
  // to start; named as its grandparent it is passed over, and its check of the shared memory still guards the data.
  const env: Record<string, string> = stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) }
  try {
    const child = spawn(binaries.postgres, args, {
      ...spawnOptions(binaries.postgres, place.account, env),
      // Not a pipe: its reader may hang or die, and then it would block or break every backend.
      stdio: ['ignore', output.fd, output.fd],
      // Out of our process group: Ctrl-C must reach us alone, so that the database stops last.
      detached: true,
    })
    child.unref()
    const exit = waitForExit(child)
    let nextNoticeAt = performance.now() + 10_000
    for (;;) {
      const ended = await Promise.race([exit, delay(pollMs)])
      const { running } = await findPostmaster(folder)
      if (running?.ready && running.pid === child.pid) return running.pid
      if (ended !== undefined) {
        if (running) return undefined
        throw new Error(
          `The database did not start (${ended}). The end of ${logPath}:\n${await readEnd(logPath, logStart)}`,
        )
      }
      if (performance.now() > nextNoticeAt) {
        nextNoticeAt += 10_000
        log.info('postgres-recovery', {
          folder,
          detail: 'The database is still starting; it may be recovering from a crash.',
        })
      }
    }
  } finally {
    await output.close()
  }
}

/**
 * Ends the server: sessions are cut and everything is written (SIGINT); after 10 s without the writing (SIGQUIT),
 * from which the next start recovers. Never SIGKILL, which leaves shared memory behind. False when it still runs.
 */
export async function stopPostmaster(pid: number, folder: string, binaries: Binaries): Promise<boolean> {
  signalPostmaster(pid, folder, binaries, 'SIGINT')
  if (await waitUntilGone(pid, fastShutdownMs)) return true
  signalPostmaster(pid, folder, binaries, 'SIGQUIT')
  return waitUntilGone(pid, fastShutdownMs)
}

function signalPostmaster(
  pid: number,
  folder: string,
  binaries: Binaries,
  signal: 'SIGINT' | 'SIGQUIT',
): void {
  if (process.platform === 'win32') {
    // Windows has no signals: a kill would be a crash.
    const mode = signal === 'SIGINT' ? 'fast' : 'immediate'
    execFile(binaries.pgCtl, ['stop', '-D', folder, '-m', mode, '-W'], () => {})
    return
  }
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already.
  }
}

export async function waitUntilGone(pid: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (performance.now() < deadline) {
    if (!(await isAlive(pid))) return true
    await delay(pollMs)
  }
  return false
}

function waitForExit(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
}

async function toArguments(settings: Settings): Promise<string[]> {
  const free: Record<string, string> = 'port' in settings ? {} : { port: String(await findFreePort()) }
  return Object.entries({ ...settings, ...free }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function readEnd(path: string, from: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const start = Math.max(from, size - 2000)
    const { buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    return buffer.toString('utf8').trim()
  } finally {
    await file.close()
  }
}
