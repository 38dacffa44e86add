import pg from 'pg'
import { fingerprintSetting } from './postmaster.ts'

/** 'Roundhouse' is no number; any constant that never changes will do. */
const lockKey = 1_380_927_304

/** A session of the admin that can hold the folder: the lock lasts as long as the session. */
export type OwnerSession = {
  readonly fingerprint: string
  readonly dataFolder: string
  tryLock(): Promise<boolean>
  /** The process that holds the lock; undefined when nobody does (any more). */
  findOwnerPid(): Promise<number | undefined>
  /** Settles when the session has ended, for whatever reason. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

/**
 * Connects to the maintenance database, so that the product's own one can be dropped and restored meanwhile.
 * @throws the driver's error when the server does not answer within 5 s or refuses.
 */
export async function openOwnerSession(url: string): Promise<OwnerSession> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `rh-owner-${process.pid}`,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  })
  const ended = new Promise<void>(resolve => client.once('end', () => resolve()))
  // The end of the session is what counts; without a listener its error would end the process.
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ fingerprint: string | null; data_folder: string }>(
    `select current_setting('${fingerprintSetting}', true) as fingerprint, current_setting('data_directory') as data_folder`,
  )
  return {
    fingerprint: rows[0]?.fingerprint ?? '',
    dataFolder: rows[0]?.data_folder ?? '',
    ended,
    async tryLock() {
      const result = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
        lockKey,
      ])
      return result.rows[0]?.locked === true
    },
    async findOwnerPid() {
      const result = await client.query<{ application_name: string }>(
        `select application_name from pg_locks join pg_stat_activity using (pid)
         where locktype = 'advisory' and classid = 0 and objid = $1 and objsubid = 1 and granted`,
        [lockKey],
      )
      const pid = Number(result.rows[0]?.application_name.replace('rh-owner-', ''))
      return Number.isInteger(pid) ? pid : undefined
    },
    async close() {
      await client.end()
    },
  }
}
