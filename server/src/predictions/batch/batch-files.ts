import { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Files } from '../../files/files.ts'
import { onBehalfOf } from '../../files/put.ts'
import type { FileTables } from '../../files/store.ts'
import { type BatchPayload, batchBucket, batchFolder, contentTypes, unpaidFolder } from './payload.ts'

type Owned = { owner_id: string | null; id: string }

const listedAtATime = 500
const linkSeconds = 3600

/**
 * The objects of one batch. Parts, and the result until it is paid, lie where the owner cannot read them, and count as
 * theirs all the same. Parts have names of chance, so that two processes never replace each other's.
 */
export type BatchFiles = ReturnType<typeof createBatchFiles>

export function createBatchFiles(files: Pick<Files, 'objects' | 'links' | 'listing'>, job: Owned) {
  const folder = batchFolder(job)
  const unpaid = unpaidFolder(job)
  const owner = onBehalfOf(job.owner_id)

  async function store(
    name: string,
    source: Readable,
    contentType: string,
    upsert: boolean,
  ): Promise<string> {
    const stored = await files.objects.putFor(job.owner_id, {
      bucket: batchBucket,
      name: `${unpaid}/${name}`,
      source,
      contentType,
      upsert,
    })
    return stored.version
  }

  async function* joined(head: string, versions: readonly string[]): AsyncGenerator<Buffer, void> {
    if (head !== '') yield Buffer.from(head)
    for (const version of versions) yield* await files.objects.read({ version })
  }

  async function removeAll(prefix: string): Promise<void> {
    for (;;) {
      const { entries } = await files.listing.page(owner, batchBucket, {
        prefix,
        folders: false,
        column: 'name',
        order: 'asc',
        cursor: undefined,
        limit: listedAtATime,
      })
      if (entries.length === 0) return
      const names = entries.map(entry => entry.name)
      const removed = await files.objects.removeMany(owner, batchBucket, names)
      if (removed.length === 0) return
    }
  }

  return {
    /** From the byte `offset` on. @throws Problem `conflict` when another file has taken its place. */
    async openInput({ format, input_version }: BatchPayload, offset: number): Promise<Readable> {
      const { object } = await files.objects.infoFor(batchBucket, `${folder}/input.${format}`)
      if (object.version !== input_version)
        throw new Problem('conflict', 'The input file was replaced after the batch was asked for.')
      if (offset >= object.size_bytes) return Readable.from([])
      return files.objects.read(object, { start: offset, end: object.size_bytes - 1 })
    },

    /** Gives the version. */
    storePart: (partName: string, source: Readable) =>
      store(`parts/${partName}`, source, 'application/octet-stream', false),

    /** One file of the parts, after the head; not for the owner yet. */
    join: (name: string, head: string, versions: readonly string[], format: keyof typeof contentTypes) =>
      store(name, Readable.from(joined(head, versions)), contentTypes[format], true),

    /** Gives the file to the owner, in the transaction that it is paid in. */
    publishIn: (db: Kysely<FileTables>, name: string) =>
      files.objects.renameIn(db, batchBucket, `${unpaid}/${name}`, `${folder}/${name}`),

    removeParts: () => removeAll(`${unpaid}/parts/`),
    async removeAll() {
      await removeAll(`${unpaid}/`)
      await removeAll(`${folder}/`)
    },

    /** @throws Problem `object-not-found` when it was removed. */
    async link(name: string): Promise<{ bucket: string; name: string; token: string; expiresAt: Date }> {
      const path = `${folder}/${name}`
      const link = await files.links.signDownload(owner, batchBucket, path, linkSeconds)
      return { bucket: batchBucket, name: path, token: link.token, expiresAt: link.expiresAt }
    },
  }
}
