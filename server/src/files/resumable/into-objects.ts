import type { LinkTokens } from '../links.ts'
import type { createPut } from '../put.ts'
import type { ObjectDraft } from './store.ts'
import type { ResumableTarget } from './target.ts'

/** Uploads that are whole become objects of the files room. */
export function intoObjects(objects: ReturnType<typeof createPut>, tokens: LinkTokens): ResumableTarget {
  return {
    readToken(token, bucket, name) {
      const { owner, upsert } = tokens.verify(token, 'upload', `${bucket}/${name}`)
      return { ownerId: owner, upsert }
    },

    async authorize(rights, { bucket, name, ...draft }, sizeBytes) {
      const request = { upsert: draft.upsert, contentType: contentTypeOf(draft), sizeBytes, inPieces: true }
      return 'caller' in rights
        ? objects.authorizeWrite(rights.caller, bucket, name, request)
        : objects.authorizeFor(rights.ownerId, bucket, name, request)
    },

    async put(rights, { bucket, name, upsert, ...draft }, source, { maxBytes, alongside }) {
      const upload = {
        bucket,
        name,
        upsert,
        source,
        contentType: contentTypeOf(draft),
        cacheControl: draft.cacheControl ?? undefined,
        userMetadata: draft.userMetadata,
        sizeBytes: maxBytes,
        maxBytes,
        alongside,
      }
      if ('caller' in rights) await objects.put(rights.caller, upload)
      else await objects.putFor(rights.ownerId, upload)
    },
  }
}

function contentTypeOf({ contentType }: Pick<ObjectDraft, 'contentType'>): string {
  return contentType ?? 'application/octet-stream'
}
