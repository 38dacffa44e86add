import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import type { FileStore } from '../../ports/file-store.ts'
import { checkMetadata } from '../details.ts'
import { mayEverything } from '../rules.ts'
import { inPieces, joined } from './pieces.ts'
import {
  createResumableStore,
  type ObjectDraft,
  type ResumableStore,
  type ResumableTables,
  type StoredUpload,
} from './store.ts'
import { sweepUploads } from './sweep.ts'
import type { ResumableTarget, Rights, Writer } from './target.ts'

export type Upload = {
  id: string
  receivedBytes: number
  /** Null while the client does not know it. */
  totalBytes: number | null
  expiresAt: Date
}

export type Append = {
  /** Must be where the upload ends. */
  startByte: number
  source: Readable
  /** Of the source, when it is known. */
  sizeBytes?: number | undefined
  /** Of the whole upload, for one whose length was left open. */
  totalBytes?: number | undefined
}

/** Uploads that survive lost connections and killed processes. Each call throws Problem `resource-not-found` for others' uploads. */
export type Resumable = {
  /** @throws Problem of `ResumableTarget.authorize`; `payload-too-large`. */
  create(writer: Writer, object: ObjectDraft & { totalBytes: number | null }): Promise<Upload>
  /** Also completes what is whole but was not put together, because a process died over it. */
  find(writer: Writer, id: string): Promise<Upload>
  /**
   * Takes in what the source gives. When it breaks off, what has come stays; with the last byte the object is there.
   * @throws Problem `conflict` for another start or when another append was faster; `payload-too-large`; `storage-full`.
   */
  append(writer: Writer, id: string, append: Append): Promise<Upload>
  /** @throws Problem `invalid-request` when it is complete. */
  cancel(writer: Writer, id: string): Promise<void>
  /** Removes what has expired. */
  sweep(): Promise<void>
}

/** After the last byte that came. */
const lifeMs = 3_600_000
/** What a killed process loses at most of an upload; each piece costs a write to the disk's end and a transaction. */
const pieceBytes = 16 * 1024 * 1024

/** Pieces lie in the file store below `uploads/<id>/` and are read one after the other into the object at the end. */
export function createResumable(dependencies: {
  database: Database<ResumableTables>
  files: FileStore
  target: ResumableTarget
  ids: Ids
  clock: Clock
  log: Log
}): Resumable {
  const { database, files, target, ids, clock, log } = dependencies
  const systemStore = createResumableStore(database.system)
  const completing = new Map<string, Promise<void>>()

  /** A token's rights were checked when it was signed, and `find` checks that the upload is the token's. */
  function within<Result>(writer: Writer, work: (store: ResumableStore) => Promise<Result>): Promise<Result> {
    return 'caller' in writer
      ? database.as(writer.caller, db => work(createResumableStore(db)))
      : work(systemStore)
  }

  async function find(writer: Writer, id: string): Promise<StoredUpload> {
    const hash = tokenHash(writer)
    const upload = await within(writer, store => store.find(id, hash, new Date(clock.now())))
    if (upload && mayGoOn(writer, upload)) return upload
    throw new Problem('resource-not-found', 'There is no such upload, or it has expired. Begin a new one.')
  }

  async function completed(writer: Writer, upload: StoredUpload): Promise<Upload> {
    if (!upload.isComplete && upload.receivedBytes === upload.totalBytes) {
      const { id } = upload
      const work = completing.get(id) ?? putTogether(writer, upload).finally(() => completing.delete(id))
      completing.set(id, work)
      await work
    }
    return upload
  }

  async function putTogether(writer: Writer, upload: StoredUpload): Promise<void> {
    const { id, totalBytes } = upload
    const pieces = await within(writer, store => store.pieces(id))
    const source = joined(files, pieces, totalBytes ?? 0)
    const rights: Rights = 'caller' in writer ? writer : { ownerId: upload.ownerId }
    const maxBytes = totalBytes ?? 0
    try {
      await target.put(rights, upload, source, {
        maxBytes,
        // Once only, whatever process dies and whatever replica tries too.
        async alongside(db) {
          if (await createResumableStore(db).complete(id)) return
          throw new Problem('conflict', 'The upload was completed or removed meanwhile.')
        },
      })
    } catch (error) {
      source.destroy()
      const now = await find(writer, id)
      if (!now.isComplete) throw error
    }
    await removePieces(id)
  }

  /** What stays because of an error goes with the sweep. */
  async function removePieces(id: string): Promise<void> {
    try {
      for await (const { key } of files.list(`uploads/${id}/`)) await files.remove(key)
    } catch (error) {
      log.warn('upload-pieces-remain', { upload_id: id, err: error })
    }
  }

  async function withTotal(writer: Writer, upload: StoredUpload, totalBytes: number): Promise<StoredUpload> {
    if (totalBytes > upload.maxBytes) throw tooLarge(upload.maxBytes)
    if (await within(writer, store => store.setTotal(upload.id, totalBytes))) return { ...upload, totalBytes }
    throw new Problem(
      'conflict',
      `Upload-Length is ${totalBytes}; the upload has ${upload.receivedBytes} bytes of ${upload.totalBytes ?? 'an open length'}.`,
    )
  }

  return {
    async create(writer, { totalBytes, ...object }) {
      checkMetadata(object.userMetadata)
      const signed =
        'token' in writer ? target.readToken(writer.token, object.bucket, object.name) : undefined
      const rights: Rights =
        'caller' in writer ? { caller: writer.caller } : { ownerId: signed?.ownerId ?? null }
      const draft = { ...object, upsert: signed?.upsert ?? object.upsert }
      const { maxBytes } = await target.authorize(rights, draft, totalBytes ?? 0)
      const upload = {
        ...draft,
        id: ids.uuid(),
        ownerId: 'caller' in rights ? rights.caller.userId : rights.ownerId,
        tokenHash: tokenHash(writer),
        totalBytes,
        maxBytes,
        expiresAt: new Date(clock.now() + lifeMs),
      }
      await within(writer, store => store.insert(upload))
      return completed(writer, { ...upload, receivedBytes: 0, isComplete: false })
    },

    async find(writer, id) {
      return completed(writer, await find(writer, id))
    },

    async append(writer, id, { startByte, source, sizeBytes, totalBytes }) {
      let upload = await find(writer, id)
      if (startByte !== upload.receivedBytes) throw wrongStart(startByte, upload.receivedBytes)
      if (totalBytes !== undefined) upload = await withTotal(writer, upload, totalBytes)
      const limit = upload.totalBytes ?? upload.maxBytes
      if (startByte + (sizeBytes ?? 0) > limit) throw tooLarge(limit)
      let at = startByte
      for await (const piece of inPieces(source, pieceBytes)) {
        // A name of its own: two appends at once must not write over each other.
        const fileKey = `uploads/${id}/${String(at).padStart(16, '0')}-${ids.uuid()}`
        const stored = await files.put(fileKey, piece, { maxBytes: limit - at })
        const expiresAt = new Date(clock.now() + lifeMs)
        // Kept when the database does not answer: it may have taken it in. The sweep finds it if not.
        const taken = await within(writer, store =>
          store.append(id, { startByte: at, sizeBytes: stored.sizeBytes, fileKey }, expiresAt),
        )
        if (!taken) {
          await files.remove(fileKey)
          throw wrongStart(at, (await find(writer, id)).receivedBytes)
        }
        at += stored.sizeBytes
      }
      return completed(writer, await find(writer, id))
    },

    async cancel(writer, id) {
      await find(writer, id)
      if (!(await within(writer, store => store.remove(id))))
        throw new Problem(
          'invalid-request',
          'The upload is complete. Remove the object instead, by its bucket and name.',
        )
      await removePieces(id)
    },

    sweep: () => sweepUploads({ store: systemStore, files, log }, new Date(clock.now())),
  }
}

/** The same rule as the policies of row-level security; that of tokens is the hash they are found by. */
function mayGoOn(writer: Writer, { ownerId }: StoredUpload): boolean {
  if ('token' in writer || mayEverything(writer.caller)) return true
  return ownerId !== null && ownerId === writer.caller.userId
}

function tokenHash(writer: Writer): Buffer | null {
  return 'token' in writer ? createHash('sha256').update(writer.token).digest() : null
}

function wrongStart(startByte: number, receivedBytes: number): Problem {
  return new Problem(
    'conflict',
    `Upload-Offset is ${startByte}, but the upload has ${receivedBytes} bytes. Ask for its offset with HEAD and go on there.`,
  )
}

function tooLarge(limit: number): Problem {
  return new Problem('payload-too-large', `The upload would be larger than ${limit} bytes.`)
}
