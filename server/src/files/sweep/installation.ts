import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { isProblem } from '@roundhouse/sdk/contract'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { FileStore } from '../../ports/file-store.ts'
import type { SweepStore } from './store.ts'

const markKey = 'installation'
const markBytes = 36

/**
 * Whether the file store holds the bytes of this database. Both carry the id of the installation, which the first start
 * gives them; a store that carries none becomes this database's. Else a wrong DATABASE_URL, or two installations on one
 * bucket, would look like a store full of bytes that nobody needs.
 */
export async function ownsStore(dependencies: {
  store: SweepStore
  files: FileStore
  ids: Ids
  log: Log
}): Promise<boolean> {
  const { store, files, ids, log } = dependencies
  // First the store: whoever marks it has written to the database before.
  const marked = await readMark(files)
  const ours = await store.installation()
  if (marked === undefined) {
    const id = ours ?? (await store.becomeInstallation(ids.uuid()))
    await files.put(markKey, Readable.from([Buffer.from(id)]), { maxBytes: markBytes })
    return true
  }
  if (marked === ours) return true
  log.error('file-store-foreign', {
    file_store: marked,
    database: ours ?? null,
    detail: `The file store is of another installation than the database${ours === undefined ? ', which is new' : ''}: nothing is swept. Set DATABASE_URL and FILES_URL to what belongs together. If the files shall be of this database from now on, remove "${markKey}" from the file store.`,
  })
  return false
}

async function readMark(files: FileStore): Promise<string | undefined> {
  try {
    return await text(await files.read(markKey))
  } catch (error) {
    if (isProblem(error) && error.code === 'not-found') return undefined
    throw error
  }
}
