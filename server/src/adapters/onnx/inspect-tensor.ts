import { Problem } from '@roundhouse/sdk/contract'
import type { Field, Wire } from './protobuf.ts'

/** A constant of the file. `values` is there when it has at most 64 numbers: enough for a shape. */
export type ConstantFacts = {
  readonly name: string
  /** `TensorProto.DataType` */
  readonly elementType: number
  readonly values: readonly number[] | undefined
}

/** 2^28 elements are 1 GiB of FP32: more than any constant of a file that may itself be no larger than 2 GiB. */
export const maxGrownElements = 2 ** 28

const maxKeptValues = 64
const maxRank = 64

// Bits per element of `TensorProto.DataType`. Strings (8) are counted instead.
const bitsPerElement: Readonly<Record<number, number>> = {
  1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
  17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
} // biome-ignore format: a table

/**
 * Reads a `TensorProto` that lies in the file from `start` to `end`.
 * @throws Problem `invalid-model` when its data lies outside the file, or its dimensions promise more than its bytes hold.
 */
export function readTensor(wire: Wire, start: number, end: number): ConstantFacts {
  const dims: number[] = []
  let name = ''
  let elementType = 0
  let raw: { start: number; end: number } | undefined
  const typed: { number: number; wire: number; start: number; end: number; varint: number }[] = []
  let typedBytes = 0
  let strings = 0

  wire.fields(start, end, field => {
    if (field.number === 1) readIntegers(wire, field, dims, maxRank + 1)
    else if (field.number === 2) elementType = field.varint
    else if (field.number === 3)
      throw refuse(`Tensor ${name} is only a segment of a tensor, which nothing can load.`)
    else if (field.number === 6) strings++
    else if (field.number === 8) name = readText(wire, field)
    else if (field.number === 9) raw = { start: field.start, end: field.end }
    else if (field.number === 13 || (field.number === 14 && field.varint !== 0)) throw external(name)
    else if ([4, 5, 7, 10, 11].includes(field.number)) {
      typedBytes += field.end - field.start
      if (typed.length <= maxKeptValues) typed.push({ ...field })
    }
  })

  const elements = countElements(dims, `Tensor ${name}`)
  const bits = elementType === 8 ? 0 : bitsPerElement[elementType]
  if (bits === undefined) throw refuse(`Tensor ${name} has the unknown element type ${elementType}.`)
  const expectedBytes = Math.ceil((elements * bits) / 8)
  const declared = `Tensor ${name} declares the shape [${dims.join(',')}]`
  if (elementType === 8) {
    if (elements !== strings) throw refuse(`${declared} but holds ${strings} strings.`)
  } else if (raw !== undefined) {
    const held = raw.end - raw.start
    if (held !== expectedBytes)
      throw refuse(`${declared}, which needs ${expectedBytes} bytes, but holds ${held}.`)
  } else {
    // Numbers of 8 bits and more take at least one byte each; the loader counts them exactly.
    const least = bits < 8 ? expectedBytes : elements
    if (least > typedBytes)
      throw refuse(`${declared}, which needs at least ${least} bytes, but holds ${typedBytes}.`)
  }
  if (elements > maxKeptValues) return { name, elementType, values: undefined }
  return {
    name,
    elementType,
    values:
      raw === undefined
        ? typedValues(wire, typed, elementType)
        : rawValues(wire.bytes(raw.start, raw.end), elementType),
  }
}

/** Reads a `SparseTensorProto`; the runtime makes it dense when it loads it. */
export function readSparseTensor(wire: Wire, start: number, end: number): void {
  const dims: number[] = []
  const seen = new Set<number>()
  wire.fields(start, end, field => {
    if (field.number === 1 || field.number === 2) {
      // Readers merge a message that comes twice into one that neither was.
      if (seen.has(field.number)) throw refuse('A sparse tensor has two lists of values.')
      seen.add(field.number)
      readTensor(wire, field.start, field.end)
    } else if (field.number === 3) readIntegers(wire, field, dims, maxRank + 1)
  })
  const elements = countElements(dims, 'A sparse tensor')
  if (elements > maxGrownElements) {
    throw refuse(
      `A sparse tensor of the shape [${dims.join(',')}] would take ${elements} elements; ${maxGrownElements} is the limit.`,
    )
  }
}

/** The values of a `repeated int64` field in either of its two encodings, up to `limit` of them. */
export function readIntegers(wire: Wire, field: Field, into: number[], limit: number): void {
  if (field.wire === 0) {
    if (into.length < limit) into.push(field.varint)
    return
  }
  for (let position = field.start; position < field.end && into.length < limit; ) {
    const { value, next } = wire.varintAt(position, field.end)
    into.push(value)
    position = next
  }
}

/** A string of the file. Names longer than 64 KiB serve nobody. */
export function readText(wire: Wire, field: Field): string {
  if (field.end - field.start > 65_536) throw refuse(`The name at byte ${field.start} is longer than 64 KiB.`)
  const text = wire.bytes(field.start, field.end).toString('utf8')
  // PostgreSQL text cannot hold it, and what reads names in C stops at it.
  if (text.includes('\0')) throw refuse(`The name at byte ${field.start} has a zero character in it.`)
  return text
}

export function refuse(sentence: string): Problem {
  return new Problem('invalid-model', sentence)
}

function external(name: string): Problem {
  return refuse(
    `Tensor ${name} keeps its data in another file. Save the model with all its data in one file, then upload that.`,
  )
}

function countElements(dims: readonly number[], what: string): number {
  if (dims.length > maxRank) throw refuse(`${what} has more than ${maxRank} dimensions.`)
  const negative = dims.find(size => size < 0)
  if (negative !== undefined) throw refuse(`${what} has the negative dimension ${negative}.`)
  return dims.reduce((product, size) => product * size, 1)
}

function rawValues(bytes: Buffer, elementType: number): number[] | undefined {
  const read: Readonly<Record<number, [number, (offset: number) => number]>> = {
    1: [4, offset => bytes.readFloatLE(offset)],
    6: [4, offset => bytes.readInt32LE(offset)],
    7: [8, offset => Number(bytes.readBigInt64LE(offset))],
    9: [1, offset => bytes.readUInt8(offset)],
    11: [8, offset => bytes.readDoubleLE(offset)],
  }
  const reader = read[elementType]
  if (reader === undefined) return undefined
  const [size, at] = reader
  return Array.from({ length: bytes.length / size }, (_, index) => at(index * size))
}

// float_data, double_data, and the three lists of varints, each packed or one field per number.
function typedValues(wire: Wire, fields: readonly Field[], elementType: number): number[] {
  const values: number[] = []
  for (const field of fields) {
    const size = field.number === 4 ? 4 : field.number === 10 ? 8 : 0
    if (size === 0) readIntegers(wire, field, values, maxKeptValues)
    else {
      const bytes = wire.bytes(field.start, Math.min(field.end, field.start + maxKeptValues * size))
      for (let offset = 0; offset + size <= bytes.length; offset += size) {
        values.push(size === 4 ? bytes.readFloatLE(offset) : bytes.readDoubleLE(offset))
      }
    }
  }
  // The loader keeps the low 32 bits, so that 2^32 - 1 is -1 to it.
  return elementType === 6 ? [...Int32Array.from(values)] : values
}
