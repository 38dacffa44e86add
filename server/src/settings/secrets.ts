import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely, QueryExecutorProvider } from 'kysely'
import type { Ids } from '../kit/ids.ts'
import { keyIdOf, SealError, type Sealer } from '../kit/seal.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import { createSecretStore, type SealedSecret, type SecretRow, type SecretTables } from './store.ts'

/** What a rotation has done and found. */
export type Rotation = {
  /** Secrets now encrypted under the current key that were not before. */
  readonly rotated: number
  readonly total: number
  /** Names of those that do not open: changed outside of this server, or their key is gone. They were left as they are. */
  readonly unreadable: readonly string[]
  /** How many secrets name which key, counted at the end. */
  readonly byKey: ReadonlyMap<string, number>
}

/** Provider keys and the like: encrypted in the database, read by the server alone. */
export type Secrets = {
  /**
   * Adds or replaces. @param hosts Where tools of agents may send it, `host` or `host:port`; absent: as it was, at first
   * nowhere. @throws Problem `invalid-request`
   */
  put(caller: DatabaseCaller, name: string, value: string, hosts?: readonly string[]): Promise<void>
  /** The same within someone else's transaction, which audits it. */
  putIn(db: QueryExecutorProvider, name: string, value: string): Promise<void>
  /** Within someone else's transaction. False when there is none of this name. */
  removeIn(db: QueryExecutorProvider, name: string): Promise<boolean>
  /** By name, without the values. */
  list(caller: DatabaseCaller): Promise<SecretRow[]>
  /** @throws Problem `resource-not-found` */
  remove(caller: DatabaseCaller, name: string): Promise<void>
  /**
   * The value, for the server's own calls to others; never for a reply. Null when there is none of this name.
   * @throws Error when it does not open
   */
  reveal(name: string): Promise<string | null>
  /**
   * The value, for a tool of an agent that sends it to this host and port.
   * @throws Problem `resource-not-found`, `forbidden` for a host that it may not be sent to; Error when it does not open
   */
  revealFor(name: string, host: string, port: number): Promise<string>
  /** Encrypts what is not under the current key anew, while everything goes on. May be repeated and cut short at will. */
  rotate(): Promise<Rotation>
  /** @throws Error, one sentence, when a secret names a key that is not configured */
  assertReadable(): Promise<void>
}

/** Smaller than any id that is made. */
const firstId = '00000000-0000-0000-0000-000000000000'
/** Values are of up to 192 KiB in UTF-8: 26 MB of base64 at the most. */
const pageSize = 100
/** Each reads everything; the last finds nothing to do. More than two only while a replica still has the old keys. */
const maxPasses = 5

export function createSecrets(dependencies: {
  database: Database<SecretTables>
  sealer: Sealer
  ids: Ids
}): Secrets {
  const { database, sealer, ids } = dependencies
  const own = createSecretStore(database.system)

  function open({ id, name, sealed }: SealedSecret): string {
    try {
      return sealer.open(sealed, placeOf(id))
    } catch (error) {
      throw new Error(`The secret ${name} cannot be read. Put it anew, or remove it.`, { cause: error })
    }
  }

  /** Opens every secret, and encrypts anew what is not under the current key. */
  async function pass(): Promise<{ stale: number; rotated: number; unreadable: string[] }> {
    const unreadable: string[] = []
    let stale = 0
    let rotated = 0
    let rows = await own.page(firstId, pageSize)
    while (rows.length > 0) {
      const resealed = rows.flatMap(row => {
        try {
          const value = sealer.open(row.sealed, placeOf(row.id))
          if (keyIdOf(row.sealed) === sealer.currentKeyId) return []
          return [{ ...row, resealed: sealer.seal(value, placeOf(row.id)) }]
        } catch (error) {
          if (!(error instanceof SealError)) throw error
          unreadable.push(row.name)
          return []
        }
      })
      stale += resealed.length
      if (resealed.length > 0) rotated += await own.reseal(resealed)
      rows = await own.page(rows.at(-1)?.id ?? firstId, pageSize)
    }
    return { stale, rotated, unreadable }
  }

  function seal(name: string, value: string): SealedSecret {
    if (!value.isWellFormed())
      throw new Problem('invalid-request', 'value: holds half of a surrogate pair, which is not text.')
    // A new id each time: an older text of the same secret cannot be put back on its own.
    const id = ids.uuid()
    return { id, name, sealed: sealer.seal(value, placeOf(id)) }
  }

  return {
    async put(caller, name, value, hosts) {
      const secret = seal(name, value)
      await database.as(caller, async (db, audit) => {
        await createSecretStore(db).put({ ...secret, hosts })
        await audit('secret-put', name, {
          key_id: sealer.currentKeyId,
          ...(hosts === undefined ? {} : { hosts }),
        })
      })
    },

    putIn: (db, name, value) => storeWithin(db).put(seal(name, value)),
    removeIn: (db, name) => storeWithin(db).remove(name),

    list: caller => database.as(caller, db => createSecretStore(db).list()),

    remove: (caller, name) =>
      database.as(caller, async (db, audit) => {
        if (!(await createSecretStore(db).remove(name)))
          throw new Problem('resource-not-found', `There is no secret named ${name}.`)
        await audit('secret-remove', name)
      }),

    async reveal(name) {
      const secret = await own.byName(name)
      return secret === null ? null : open(secret)
    },

    async revealFor(name, host, port) {
      const secret = await own.forTools(name)
      if (secret === null)
        throw new Problem(
          'resource-not-found',
          `There is no secret named ${name}. An administrator adds it with PUT /api/v1/admin/secrets/${name}.`,
        )
      const place = port === 443 ? host : `${host}:${port}`
      if (!secret.hosts.includes(place))
        throw new Problem(
          'forbidden',
          `The secret ${name} may not be sent to ${place}. An administrator lists the hosts that it is for.`,
        )
      return open(secret)
    },

    async rotate() {
      let { stale, rotated, unreadable } = await pass()
      for (let passes = 1; stale > 0 && passes < maxPasses; passes += 1) {
        const next = await pass()
        stale = next.stale
        rotated += next.rotated
        unreadable = next.unreadable
      }
      return database.asSystem(async (db, audit) => {
        const byKey = await createSecretStore(db).countByKey()
        const total = [...byKey.values()].reduce((sum, count) => sum + count, 0)
        await audit('secret-rotate', sealer.currentKeyId, { rotated, total, unreadable: unreadable.length })
        return { rotated, total, unreadable, byKey }
      })
    },

    async assertReadable() {
      const counts = await own.countByKey()
      const missing = [...counts.keys()].filter(keyId => keyId !== '' && !sealer.keyIds.includes(keyId))
      if (missing.length === 0) return
      const secrets = missing.reduce((sum, keyId) => sum + (counts.get(keyId) ?? 0), 0)
      throw new Error(
        `ENCRYPTION_KEY lacks ${missing.map(keyId => `the key "${keyId}"`).join(' and ')}, under which ${secrets} stored secrets are encrypted: put it behind the present one (ENCRYPTION_KEY=present,missing).`,
      )
    },
  }
}

/** Another room's connection: the tables are in the same schema. */
function storeWithin(db: QueryExecutorProvider) {
  return createSecretStore(db as unknown as Kysely<SecretTables>)
}

function placeOf(id: string): { table: string; row: string; field: string } {
  return { table: 'secrets', row: id, field: 'value' }
}
