import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import { visibleBucket } from './buckets.ts'
import type { Link, LinkAction, LinkTokens } from './links.ts'
import { checkObjectName } from './names.ts'
import type { Objects } from './objects.ts'
import { mayAdd, mayChange, mayNotWrite, mayRead } from './rules.ts'
import { createFilesStore, type FileTables } from './store.ts'

export type SignedLink = { token: string; expiresAt: Date }

/** As of the original's hosted service. */
const uploadLinkSeconds = 7200

/**
 * Signed links. Whoever signs must have the right at that moment; whoever has the link then needs none, until it
 * expires or, for a download, its object is gone from that name.
 */
export type Links = ReturnType<typeof createLinks>

export function createLinks(dependencies: {
  database: Database<FileTables>
  objects: Pick<Objects, 'info'>
  tokens: LinkTokens
  clock: Clock
}) {
  const { database, objects, tokens, clock } = dependencies

  function sign(action: LinkAction, seconds: number, link: Omit<Link, 'expiresAt'>): SignedLink {
    // Whole seconds, as the token says it.
    const expiresAt = new Date((Math.floor(clock.now() / 1000) + seconds) * 1000)
    return { token: tokens.sign(action, { ...link, expiresAt }), expiresAt }
  }

  function download(bucketId: string, name: string, seconds: number): SignedLink {
    return sign('download', seconds, { url: `${bucketId}/${name}`, owner: null, upsert: false })
  }

  return {
    /** @throws Problem `object-not-found`, `bucket-not-found`, `unauthenticated` */
    async signDownload(
      caller: DatabaseCaller,
      bucketId: string,
      name: string,
      expiresInSeconds: number,
    ): Promise<SignedLink> {
      await objects.info(caller, bucketId, name)
      return download(bucketId, name, expiresInSeconds)
    },

    /** One for each name, null where there is no such object or it is not for this caller. */
    async signDownloads(
      caller: DatabaseCaller,
      bucketId: string,
      names: readonly string[],
      expiresInSeconds: number,
    ): Promise<{ name: string; link: SignedLink | null }[]> {
      const readable = await database.as(caller, async db => {
        const store = createFilesStore(db)
        const bucket = await visibleBucket(caller, store, bucketId)
        const asked = names.filter(name => !name.includes('\0') && mayRead(caller, bucket, name))
        return new Set((await store.objects(bucketId, asked)).map(object => object.name))
      })
      return names.map(name => ({
        name,
        link: readable.has(name) ? download(bucketId, name, expiresInSeconds) : null,
      }))
    },

    /** By the server's own right, for these bytes alone: once the object is replaced the link is good for nothing. */
    signVersion: (bucketId: string, name: string, version: string, expiresInSeconds: number): SignedLink =>
      sign('download', expiresInSeconds, { url: `${bucketId}/${name}`, owner: null, upsert: false, version }),

    /** The object will be the caller's. @throws Problem `forbidden`, `object-exists` unless `upsert`. */
    async signUpload(
      caller: DatabaseCaller,
      bucketId: string,
      name: string,
      upsert: boolean,
    ): Promise<SignedLink> {
      checkObjectName(name)
      await database.as(caller, async db => {
        const store = createFilesStore(db)
        const bucket = await visibleBucket(caller, store, bucketId)
        if (!mayAdd(caller, bucket, name)) throw mayNotWrite(caller, bucket)
        const before = await store.object(bucketId, name)
        if (before && !upsert)
          throw new Problem(
            'object-exists',
            'There is an object of this name. Send x-upsert: true to replace it.',
          )
        if (before && !mayChange(caller, bucket, before)) throw mayNotWrite(caller, bucket)
      })
      return sign('upload', uploadLinkSeconds, { url: `${bucketId}/${name}`, owner: caller.userId, upsert })
    },

    /** @throws Problem `link-invalid`, `link-mismatch` */
    verify: (token: string, action: LinkAction, bucketId: string, name: string): Link =>
      tokens.verify(token, action, `${bucketId}/${name}`),
  }
}
