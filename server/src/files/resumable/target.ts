import type { Readable } from 'node:stream'
import type { Kysely } from 'kysely'
import type { DatabaseCaller } from '../../ports/database.ts'
import type { ObjectDraft, ResumableTables } from './store.ts'

/** Who uploads: a caller with rights of their own, or whoever holds a signed upload token. */
export type Writer = { readonly caller: DatabaseCaller } | { readonly token: string }

/** With whose rights an object is written: a caller's, or those that were checked when its upload token was signed. */
export type Rights = { readonly caller: DatabaseCaller } | { readonly ownerId: string | null }

/** Where an upload ends as an object. */
export type ResumableTarget = {
  /** @throws Problem when the token is not one for an upload to this bucket and name, or has expired. */
  readToken(token: string, bucket: string, name: string): { ownerId: string | null; upsert: boolean }
  /**
   * The most bytes such an object may have.
   * @param sizeBytes What it will have at least.
   * @throws Problem when it may not be written.
   */
  authorize(rights: Rights, object: ObjectDraft, sizeBytes: number): Promise<{ maxBytes: number }>
  /**
   * Stores the object. `alongside` runs in the transaction that makes it visible; when it rejects there is no object.
   * @throws Problem as `authorize`, and what the source or `alongside` throws.
   */
  put(
    rights: Rights,
    object: ObjectDraft,
    source: Readable,
    options: { maxBytes: number; alongside: (db: Kysely<ResumableTables>) => Promise<void> },
  ): Promise<void>
}
