import { Problem } from '../contract/problem.ts'
import { bytesPerElement } from './datatype.ts'
import { elementBytes, elementCount, shapeText, viewElements } from './elements.ts'
import { quoteName, type Role } from './names.ts'
import type { Tensor, TensorData, TensorSpec } from './tensor.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/**
 * Reads the blob of one tensor: little-endian, row-major, no padding; BYTES are strings with 4-byte lengths in front.
 * The result may be a view of `bytes`. Source: Triton, "Binary tensor data extension".
 * @throws Problem `invalid-tensor`: size is not that of the shape, BOOL other than 0 and 1, bad UTF-8.
 */
export function decodeBinary(
  spec: Pick<TensorSpec, 'name' | 'datatype'>,
  shape: readonly number[],
  bytes: Uint8Array,
  role: Role = 'Input',
): TensorData {
  const count = elementCount(shape)
  if (spec.datatype === 'BYTES') return decodeStrings(spec.name, count, bytes, role)
  const expected = count * bytesPerElement[spec.datatype]
  if (bytes.length !== expected) {
    throw new Problem(
      'invalid-tensor',
      `${role.toLowerCase()} byte size mismatch for ${quoteName(spec.name)}: shape ${shapeText(shape)} of ${spec.datatype} takes ${expected} bytes, got ${bytes.length}.`,
    )
  }
  if (spec.datatype === 'BOOL') checkBooleans(spec.name, bytes, role)
  return viewElements(spec.datatype, bytes)
}

/**
 * The blob of one tensor. Fixed-width types: the memory of `data` itself, not a copy.
 * @throws Problem `invalid-tensor` for a string with a lone surrogate, which UTF-8 cannot hold.
 */
export function encodeBinary(tensor: Pick<Tensor, 'name' | 'data'>): Uint8Array {
  if (!Array.isArray(tensor.data)) return elementBytes(tensor.data)
  const strings = tensor.data.map((text, index) => {
    if (text.isWellFormed()) return encoder.encode(text)
    throw new Problem(
      'invalid-tensor',
      `${quoteName(tensor.name)}, element ${index}: lone surrogate in the string.`,
    )
  })
  const bytes = new Uint8Array(strings.reduce((sum, text) => sum + 4 + text.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const text of strings) {
    view.setUint32(at, text.length, true)
    bytes.set(text, at + 4)
    at += 4 + text.length
  }
  return bytes
}

/**
 * One string from its bytes.
 * @throws Problem `invalid-tensor` for bad UTF-8.
 */
export function decodeString(name: string, index: number, bytes: Uint8Array, role: Role): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new Problem(
      'invalid-tensor',
      `${role} ${quoteName(name)}, element ${index}: the bytes are not UTF-8.`,
      { cause },
    )
  }
}

function decodeStrings(name: string, count: number, bytes: Uint8Array, role: Role): string[] {
  const strings: string[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  while (at < bytes.length && strings.length < count) {
    const start = at + 4
    const end = start <= bytes.length ? start + view.getUint32(at, true) : start
    if (end > bytes.length) {
      throw new Problem(
        'invalid-tensor',
        `${role} ${quoteName(name)}, element ${strings.length}: its length runs to byte ${end}, but the blob has ${bytes.length}. Each string needs a 4-byte little-endian length in front.`,
      )
    }
    strings.push(decodeString(name, strings.length, bytes.subarray(start, end), role))
    at = end
  }
  if (strings.length !== count || at !== bytes.length) {
    const got =
      at === bytes.length
        ? `the blob has ${strings.length}`
        : `${bytes.length - at} bytes are left after them`
    throw new Problem(
      'invalid-tensor',
      `${role} ${quoteName(name)}: the shape asks for ${count} strings, ${got}.`,
    )
  }
  return strings
}

function checkBooleans(name: string, bytes: Uint8Array, role: Role): void {
  const index = bytes.findIndex(byte => byte > 1)
  if (index < 0) return
  throw new Problem(
    'invalid-tensor',
    `${role} ${quoteName(name)}, element ${index}: a BOOL byte is 0 or 1, got ${bytes[index]}.`,
  )
}
