import { type Bucket, bucket, bucketList, type CreateBucket, type UpdateBucket } from '../contract/file.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

export type ListBuckets = CallOptions & {
  /** Of the name, whatever its case. */
  search?: string
  limit?: number
  offset?: number
}

/** Administrators and the service-role key make and change buckets; users see those that are for users. */
export type BucketsClient = {
  create(bucket: CreateBucket, options?: CallOptions): Promise<Bucket>
  /** By name. */
  list(options?: ListBuckets): Promise<Bucket[]>
  get(name: string, options?: CallOptions): Promise<Bucket>
  update(name: string, change: UpdateBucket, options?: CallOptions): Promise<Bucket>
  /** Removes every object in it. */
  empty(name: string, options?: CallOptions): Promise<void>
  /** @throws Problem `bucket-not-empty`. */
  remove(name: string, options?: CallOptions): Promise<void>
}

export function createBucketsClient(send: Send): BucketsClient {
  const get: BucketsClient['get'] = async (name, options) =>
    readReply(bucket, await send({ method: 'GET', path: path`/storage/v1/bucket/${name}` }, options))

  return {
    get,
    async create(body, options) {
      await send(jsonCall('POST', '/storage/v1/bucket', JSON.stringify(body)), options)
      return get(body.name, options)
    },
    async list({ search, limit, offset, ...options } = {}) {
      const query = { search, limit, offset }
      return readReply(bucketList, await send({ method: 'GET', path: '/storage/v1/bucket', query }, options))
    },
    async update(name, change, options) {
      await send(jsonCall('PUT', path`/storage/v1/bucket/${name}`, JSON.stringify(change)), options)
      return get(name, options)
    },
    async empty(name, options) {
      const call = jsonCall('POST', path`/storage/v1/bucket/${name}/empty`, '{}')
      await send({ ...call, idempotent: true }, options)
    },
    async remove(name, options) {
      await send({ method: 'DELETE', path: path`/storage/v1/bucket/${name}` }, options)
    },
  }
}
