import { setTimeout as delay } from 'node:timers/promises'
import { backoffMs } from '../../../kit/backoff.ts'
import { type Attachment, type AttachOptions, attach, type Cluster } from './attach.ts'
import type { OwnerSession } from './owner.ts'
import { stopPostmaster } from './postmaster.ts'
import { isAlive } from './processes.ts'

/** Starts the server again when it dies. */
export function watchOver(
  cluster: Cluster,
  options: AttachOptions,
  first: Attachment,
  firstSession: OwnerSession,
) {
  const { folder, binaries, log } = cluster
  let pid = first.pid
  let session = firstSession
  let stopping = false
  const wakeUp = new AbortController()

  async function watch(): Promise<void> {
    while (!stopping) {
      await session.ended
      for (let attempt = 1; !stopping; attempt += 1) {
        log.error('postgres-lost', { pid, alive: await isAlive(pid), attempt })
        try {
          const again = await attach(cluster, options)
          if (again.session === undefined) throw new Error('Another process has taken over the database.')
          if (again.pid !== pid)
            log.warn('postgres-restart', { pid: again.pid, reason: 'the server had died' })
          pid = again.pid
          session = again.session
          break
        } catch (error) {
          log.error('postgres-restart-failed', { err: error, attempt })
          await delay(backoffMs(attempt, 100, 5000), undefined, { signal: wakeUp.signal, ref: false }).catch(
            () => {},
          )
        }
      }
    }
  }

  const stopAtExit = () => {
    try {
      process.kill(pid, 'SIGINT')
    } catch {
      // Gone already.
    }
  }
  process.on('exit', stopAtExit)
  const watching = watch()
  let stopped: Promise<void> | undefined

  async function stop(): Promise<void> {
    stopping = true
    wakeUp.abort()
    const startedAt = performance.now()
    let target = pid
    let gone = await stopPostmaster(target, folder, binaries)
    if (gone) await watching
    if (gone && pid !== target) {
      // A restart was under way.
      target = pid
      gone = await stopPostmaster(target, folder, binaries)
    }
    process.off('exit', stopAtExit)
    if (!gone) {
      log.error('postgres-stop-failed', { pid, detail: 'It still runs; the next start takes it over.' })
    }
    await session.close()
    log.info('postgres-stop', { pid, duration_ms: Math.round(performance.now() - startedAt) })
  }

  return {
    pid: () => pid,
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}
