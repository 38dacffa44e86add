import { readSync } from 'node:fs'
import { Problem } from '@roundhouse/sdk/contract'

/** The current field of a message. One object per message, overwritten by each field. */
export type Field = {
  /** Its number in the .proto file. */
  number: number
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  wire: number
  /** The value of a varint as a signed 64-bit integer; exact up to 2^53. */
  varint: number
  /** Where the content lies in the file: first byte, and the byte after the last. */
  start: number
  end: number
}

/**
 * Reads protobuf wire format (https://protobuf.dev/programming-guides/encoding/) in a file without trusting it.
 * No length may leave the message around it, so that nothing read here is longer than the file.
 */
export type Wire = {
  readonly sizeBytes: number
  /** Calls back for each field of the message that lies in the file from `start` to `end`. */
  fields(start: number, end: number, visit: (field: Field) => void): void
  /** The varint at a position, and the position after it; for packed lists. */
  varintAt(position: number, end: number): { value: number; next: number }
  /** A copy of a part of the file. */
  bytes(start: number, end: number): Buffer
}

/**
 * A reader over an open file. It keeps a window of 16 KiB and jumps over weights, so that a model of 300 MB costs
 * no more memory, and hardly more time, than one of 1 MB.
 */
export function createWire(descriptor: number, sizeBytes: number): Wire {
  const window = Buffer.allocUnsafe(16 * 1024)
  let windowStart = 0
  let windowEnd = 0
  // The cursor of the varint read last: a result object per byte would be most of the time spent.
  let cursor = 0

  function byteAt(position: number): number {
    if (position < windowStart || position >= windowEnd) {
      windowStart = position
      windowEnd = position + readSync(descriptor, window, 0, window.length, position)
      if (windowEnd === windowStart)
        throw truncated(`the file ends at byte ${position} in the middle of a field`)
    }
    return window[position - windowStart] ?? 0
  }

  function readVarint(position: number, end: number): number {
    let low = 0
    let high = 0
    cursor = position
    for (let shift = 0; shift < 70; shift += 7) {
      if (cursor >= end) throw truncated(`a number at byte ${position} does not end`)
      const byte = byteAt(cursor++)
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) return (high | 0) * 4_294_967_296 + (low >>> 0)
    }
    throw malformed(`the number at byte ${position} is longer than 10 bytes`)
  }

  return {
    sizeBytes,
    fields(start, end, visit) {
      const field: Field = { number: 0, wire: 0, varint: 0, start, end: start }
      while (field.end < end) {
        const key = readVarint(field.end, end)
        field.number = Math.floor(key / 8)
        field.wire = key & 7
        field.start = cursor
        if (key < 8 || key > 0xffff_ffff) throw malformed(`byte ${field.end} is no field`)
        if (field.wire === 0) {
          field.varint = readVarint(cursor, end)
          field.end = cursor
        } else if (field.wire === 1) field.end = cursor + 8
        else if (field.wire === 5) field.end = cursor + 4
        else if (field.wire === 2) {
          const length = readVarint(cursor, end)
          if (length < 0) throw malformed(`the length at byte ${field.start} is negative`)
          field.start = cursor
          field.end = cursor + length
        } else throw malformed(`byte ${field.start - 1} has the wire type ${field.wire}`)
        if (field.end > end) {
          throw truncated(
            `a field at byte ${field.start} needs ${field.end - field.start} bytes, and ${end - field.start} are left`,
          )
        }
        visit(field)
      }
    },
    varintAt(position, end) {
      const value = readVarint(position, end)
      return { value, next: cursor }
    },
    bytes(start, end) {
      const copy = Buffer.allocUnsafe(end - start)
      const count = readSync(descriptor, copy, 0, copy.length, start)
      if (count < copy.length) throw truncated(`the file ends at byte ${start + count}`)
      return copy
    },
  }
}

function truncated(what: string): Problem {
  return new Problem('invalid-model', `The file is truncated or damaged: ${what}. Send it again.`)
}

function malformed(what: string): Problem {
  return new Problem('invalid-model', `The file is not readable as ONNX: ${what}.`)
}
