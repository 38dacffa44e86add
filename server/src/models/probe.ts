import type { Datatype, Tensor, TensorData, TensorSpec } from '@roundhouse/sdk/contract'

/**
 * Inputs made up to try a model: free dimensions are 1, integers 0 or 1 (they are often indices), reals in
 * [-1, 1) times `scale`, different in every row. Reproducible.
 */
export function probeInputs(specs: readonly TensorSpec[], rows: number, seed: number, scale = 1): Tensor[] {
  const random = mulberry32(seed)
  return specs.map(spec => {
    const shape = spec.shape.map((dim, index) => dim ?? (index === 0 ? rows : 1))
    const length = shape.reduce((product, dim) => product * dim, 1)
    return {
      name: spec.name,
      datatype: spec.datatype,
      shape,
      data: probeData(spec.datatype, length, random, scale),
    }
  })
}

function probeData(datatype: Datatype, length: number, random: () => number, scale: number): TensorData {
  const bit = () => (random() < 0.5 ? 0 : 1)
  switch (datatype) {
    case 'FP32':
      return Float32Array.from({ length }, () => (random() * 2 - 1) * scale)
    case 'FP64':
      return Float64Array.from({ length }, () => (random() * 2 - 1) * scale)
    case 'FP16':
      // 0x3c00 is 1.0, 0x3800 is 0.5: any mixture of the bits between is a value from 0.5 to 1.
      return Uint16Array.from({ length }, () => 0x3800 + Math.floor(random() * 0x400))
    case 'INT64':
      return BigInt64Array.from({ length }, () => BigInt(bit()))
    case 'UINT64':
      return BigUint64Array.from({ length }, () => BigInt(bit()))
    case 'INT32':
      return Int32Array.from({ length }, bit)
    case 'INT16':
      return Int16Array.from({ length }, bit)
    case 'INT8':
      return Int8Array.from({ length }, bit)
    case 'UINT32':
      return Uint32Array.from({ length }, bit)
    case 'UINT16':
      return Uint16Array.from({ length }, bit)
    case 'BOOL':
    case 'UINT8':
      return Uint8Array.from({ length }, bit)
    case 'BYTES':
      return Array.from({ length }, () => (bit() ? 'a' : 'b'))
  }
}

/** Small, seeded, good enough to tell rows apart (public domain, Tommy Ettinger). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
