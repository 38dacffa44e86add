import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import type { Objects } from '../files/objects.ts'
import type { ArtifactAddress, ArtifactSource } from '../ports/artifact-source.ts'

const caller = serviceCaller('model-fetch')

/** The buckets of this server. */
export function artifactsInFiles(objects: Pick<Objects, 'info' | 'read'>): ArtifactSource {
  async function find({ bucket, path }: ArtifactAddress) {
    try {
      return (await objects.info(caller, bucket, path)).object
    } catch (error) {
      if (isProblem(error) && ['bucket-not-found', 'object-not-found'].includes(error.code)) return undefined
      throw error
    }
  }

  return {
    label: 'the buckets of this server',
    async stat(address) {
      const object = await find(address)
      return object && { sizeBytes: object.size_bytes, sha256: object.sha256, etag: object.version }
    },
    async read(address, { start, etag }) {
      const object = await find(address)
      if (object?.version !== etag)
        throw new Problem(
          'conflict',
          `The object ${address.bucket}/${address.path} changed while it was read.`,
        )
      return objects.read(object, { start, end: object.size_bytes - 1 })
    },
  }
}
