import { join } from 'node:path'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createSealer, type Sealer } from '../kit/seal.ts'
import { createSecrets, type Rotation } from '../settings/secrets.ts'
import type { SecretTables } from '../settings/store.ts'
import { readConfig } from '../start/config.ts'
import { withMigratedDatabase } from './with-database.ts'

/**
 * Encrypts every stored secret under the first key of ENCRYPTION_KEY, beside a running server too. Exit code 1 when a
 * secret could not be read or another key is still in use.
 */
export async function rotateSecretsCommand(): Promise<void> {
  const config = readConfig(process.env)
  if (config.ENCRYPTION_KEY === undefined)
    throw new Error(
      `Set ENCRYPTION_KEY=new,old; the old key of a development server is in ${join(config.DATA_DIR, 'encryption-key')}.`,
    )
  const sealer = createSealer(config.ENCRYPTION_KEY)
  const rotation = await withMigratedDatabase<SecretTables, Rotation>({ config, log: silentLog }, database =>
    createSecrets({ database, sealer, ids: createIds() }).rotate(),
  )
  for (const line of report(rotation, sealer)) console.log(line)
  const { unreadable, byKey } = rotation
  if (unreadable.length > 0 || [...byKey.keys()].some(keyId => keyId !== sealer.currentKeyId))
    process.exitCode = 1
}

function report({ rotated, total, unreadable, byKey }: Rotation, sealer: Sealer): string[] {
  const lines = [`Encrypted ${rotated} of ${total} secrets anew; the current key is ${sealer.currentKeyId}.`]
  for (const name of unreadable) lines.push(`${name} cannot be read. Put it anew, or remove it.`)
  for (const keyId of sealer.keyIds.slice(1)) {
    const count = byKey.get(keyId) ?? 0
    lines.push(
      count === 0
        ? `${keyId} is no longer used: take it out of ENCRYPTION_KEY. Backups from before still need it.`
        : `${keyId} is still used by ${count} secrets. Once every replica has the new ENCRYPTION_KEY, run this again.`,
    )
  }
  return lines
}
