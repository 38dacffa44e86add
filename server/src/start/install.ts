import type pg from 'pg'
import { installQueue } from '../adapters/pg-boss/install.ts'
import { installVectors } from '../adapters/postgres/vectors.ts'
import type { Log } from '../kit/log.ts'

/** What this program keeps in the database beside its migrations, brought up to date with them. */
export function installer(log: Log): (client: pg.ClientBase) => Promise<void> {
  return async client => {
    await installQueue(client)
    await installVectors(client, log)
  }
}
