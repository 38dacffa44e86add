import { Problem } from '@roundhouse/sdk/contract'
import type { DatabaseCaller } from '../ports/database.ts'
import type { Bucket, StoredObject } from './store.ts'

/**
 * Who may what. The same rules stand in the policies of the database (migrations, `objects_*`): these give the answers,
 * those are the wall behind them.
 */
export function maySeeBucket(caller: DatabaseCaller, bucket: Bucket): boolean {
  return mayEverything(caller) || bucket.public || (isSignedIn(caller) && !bucket.internal)
}

export function mayRead(caller: DatabaseCaller, bucket: Bucket, name: string): boolean {
  return mayReadAll(caller, bucket) || inOwnFolder(caller, bucket, name)
}

export function mayReadAll(caller: DatabaseCaller, bucket: Bucket): boolean {
  return mayEverything(caller) || bucket.public || (isSignedIn(caller) && bucket.open_folders)
}

export function mayAdd(caller: DatabaseCaller, bucket: Bucket, name: string): boolean {
  return (
    mayEverything(caller) || (isSignedIn(caller) && bucket.open_folders) || inOwnFolder(caller, bucket, name)
  )
}

/** Replacing, moving and removing. */
export function mayChange(
  caller: DatabaseCaller,
  bucket: Bucket,
  object: Pick<StoredObject, 'name' | 'owner_id'>,
): boolean {
  if (mayEverything(caller) || inOwnFolder(caller, bucket, object.name)) return true
  return isSignedIn(caller) && bucket.open_folders && owns(caller, object)
}

export function mayEverything({ role }: DatabaseCaller): boolean {
  return role === 'admin' || role === 'service'
}

/** An act on what belongs to someone else, which only an administrator or the service-role key can do. */
export function isAdministrative(caller: DatabaseCaller, object: Pick<StoredObject, 'owner_id'>): boolean {
  return object.owner_id !== null && !owns(caller, object)
}

/** The folder of a user, with the slash. */
export function ownFolder({ userId }: DatabaseCaller): string | undefined {
  return userId === null ? undefined : `${userId}/`
}

/** What is said of a bucket that is not there, and of one that the caller may not see. */
export function noBucket(caller: DatabaseCaller, bucketId: string): Problem {
  return caller.role === 'anonymous'
    ? needsCredential()
    : new Problem('bucket-not-found', `There is no bucket ${JSON.stringify(bucketId.slice(0, 100))}.`)
}

/** What is said of an object that is not there, and of one that the caller may not see. */
export function noObject(
  caller: DatabaseCaller,
  bucket: Pick<Bucket, 'id' | 'public'>,
  name: string,
): Problem {
  return caller.role === 'anonymous' && !bucket.public
    ? needsCredential()
    : new Problem(
        'object-not-found',
        `There is no object ${JSON.stringify(name.slice(0, 200))} in the bucket ${bucket.id}.`,
      )
}

export function mayNotWrite(caller: DatabaseCaller, bucket: Pick<Bucket, 'id'>): Problem {
  if (caller.role === 'anonymous') return needsCredential()
  const folder = ownFolder(caller)
  return new Problem(
    'forbidden',
    folder === undefined
      ? `This credential may not change anything in the bucket ${bucket.id}.`
      : `In the bucket ${bucket.id} you may only change what is below ${folder}.`,
  )
}

function needsCredential(): Problem {
  return new Problem(
    'unauthenticated',
    'Without a credential only public buckets and signed links answer. Send the header authorization: Bearer <key or token>.',
  )
}

function isSignedIn({ role }: DatabaseCaller): boolean {
  return role !== 'anonymous'
}

function inOwnFolder(caller: DatabaseCaller, bucket: Bucket, name: string): boolean {
  const folder = ownFolder(caller)
  return isSignedIn(caller) && !bucket.internal && folder !== undefined && name.startsWith(folder)
}

function owns({ userId }: DatabaseCaller, { owner_id }: Pick<StoredObject, 'owner_id'>): boolean {
  return userId !== null && owner_id === userId
}
