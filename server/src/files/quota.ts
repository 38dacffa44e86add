import { Problem } from '@roundhouse/sdk/contract'
import type { FilesStore } from './store.ts'

/** An upload in pieces holds disk until it is complete or has expired. */
const mostUploads = 100

/** How many more bytes of objects the user may have; infinite for the house and for plans without a limit. */
export async function bytesLeft(
  store: FilesStore,
  ownerId: string | null,
  options: { countUploads: boolean },
): Promise<number> {
  const limit = await limitOf(store, ownerId)
  if (ownerId === null || limit === null) return Number.POSITIVE_INFINITY
  const uploads = options.countUploads ? await store.openUploads(ownerId) : { count: 0, bytes: 0 }
  if (uploads.count >= mostUploads)
    throw exceeded(
      `There are ${uploads.count} uploads that have not been completed, which is the most there may be.`,
    )
  return Math.max(0, limit - (await store.bytesOf(ownerId)) - uploads.bytes)
}

/**
 * Called in the transaction that has added an object: until it ends nobody else adds to what the user has.
 * @throws Problem `quota-exceeded`
 */
export async function keepWithinQuota(store: FilesStore, ownerId: string | null): Promise<void> {
  const limit = await limitOf(store, ownerId)
  if (ownerId === null || limit === null) return
  await store.lockOwner(ownerId)
  if ((await store.bytesOf(ownerId)) > limit) throw noRoom(0)
}

export function noRoom(leftBytes: number): Problem {
  return exceeded(`The plan has room for ${leftBytes} more bytes of files, and this file is larger.`)
}

async function limitOf(store: FilesStore, ownerId: string | null): Promise<number | null> {
  return ownerId === null ? null : store.fileLimit(ownerId)
}

function exceeded(why: string): Problem {
  return new Problem('quota-exceeded', `${why} Remove files, or ask an administrator for a larger plan.`)
}
