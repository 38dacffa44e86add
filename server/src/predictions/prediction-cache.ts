import { createHash } from 'node:crypto'
import { decodeInferResponse, elementBytes, encodeInferResponse, type Tensor } from '@roundhouse/sdk/contract'
import type { Cache } from '../ports/cache.ts'

/**
 * Answers of deterministic models, by version and a hash of the inputs. Two callers who may call the same version share
 * them: an answer depends on nothing but the inputs, and who could not have it computed does not come here.
 */
export type PredictionCache = {
  /** Undefined when these inputs are too large to be worth hashing. */
  key(modelId: string, inputs: readonly Tensor[], outputs: readonly string[]): string | undefined
  get(key: string): Promise<Tensor[] | undefined>
  set(key: string, outputs: readonly Tensor[]): void
  metrics(): CacheMetrics
  reset(): void
  forget(modelId: string): Promise<void>
}

export type CacheMetrics = {
  hits: number
  misses: number
  hit_rate: number
  size: number
  ttl_seconds: number
  backend: 'memory' | 'redis'
}

/** Hashing a megabyte takes about a millisecond: beyond it the cache costs more than it saves. */
const maxBytes = 1024 * 1024

export function createPredictionCache({
  cache,
  ttlSeconds,
}: {
  cache: Cache
  ttlSeconds: number
}): PredictionCache {
  let hits = 0
  let misses = 0

  return {
    key(modelId, inputs, outputs) {
      const hash = createHash('sha256')
      let bytes = 0
      for (const input of inputs) {
        if (input.data.length > maxBytes) return undefined
        const data = Array.isArray(input.data)
          ? Buffer.from(JSON.stringify(input.data))
          : elementBytes(input.data)
        bytes += data.byteLength
        if (bytes > maxBytes) return undefined
        // Lengths first, so that no two sets of inputs print the same text.
        hash.update(
          `${input.name.length}:${input.name}${input.datatype}[${input.shape.join()}]${data.byteLength}:`,
        )
        hash.update(data)
      }
      hash.update(JSON.stringify(outputs))
      return `${modelId}:${hash.digest('base64url')}`
    },

    async get(key) {
      const value = await cache.get(key)
      const outputs = value === undefined ? undefined : unpack(value)
      if (outputs) hits += 1
      else misses += 1
      return outputs
    },

    set(key, outputs) {
      const value = pack(outputs)
      if (value.byteLength <= maxBytes) void cache.set(key, value, ttlSeconds)
    },

    metrics: () => ({
      hits,
      misses,
      hit_rate: hits + misses === 0 ? 0 : hits / (hits + misses),
      size: cache.size(),
      ttl_seconds: ttlSeconds,
      backend: cache.health().kind,
    }),

    reset() {
      hits = 0
      misses = 0
    },

    forget: modelId => cache.clear(`${modelId}:`),
  }
}

/** The protocol's own binary reply, with the length of its JSON part in front: four bytes, little-endian. */
function pack(outputs: readonly Tensor[]): Uint8Array {
  const requested = outputs.map(output => ({ name: output.name, binary: true }))
  const { body, headerLength } = encodeInferResponse({
    modelName: '',
    modelVersion: '',
    outputs: [...outputs],
    requested,
  })
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const packed = Buffer.allocUnsafe(4 + bytes.byteLength)
  packed.writeUInt32LE(headerLength ?? bytes.byteLength)
  packed.set(bytes, 4)
  return packed
}

function unpack(value: Uint8Array): Tensor[] | undefined {
  try {
    const headerLength = new DataView(value.buffer, value.byteOffset).getUint32(0, true)
    return decodeInferResponse(value.subarray(4), headerLength).outputs
  } catch {
    // Written by another version of this program: a miss.
    return undefined
  }
}
