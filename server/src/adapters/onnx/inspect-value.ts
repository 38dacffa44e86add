import { readText, refuse } from './inspect-tensor.ts'
import type { Wire } from './protobuf.ts'

// `TensorProto.DataType` to what the protocol can carry.
const served = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
const unserved: Readonly<Record<number, string>> = {
  14: 'COMPLEX64',
  15: 'COMPLEX128',
  16: 'BFLOAT16',
  17: 'FLOAT8E4M3FN',
  18: 'FLOAT8E4M3FNUZ',
  19: 'FLOAT8E5M2',
  20: 'FLOAT8E5M2FNUZ',
  21: 'UINT4',
  22: 'INT4',
  23: 'FLOAT4E2M1',
}

// `TypeProto.value` other than `tensor_type`.
const kinds: Readonly<Record<number, string>> = {
  4: 'a sequence',
  5: 'a map',
  7: 'an opaque value',
  8: 'a sparse tensor',
  9: 'an optional value',
}

/** The fixed dimensions of an input together: 2^31 elements are more than a request can carry. */
const maxInputElements = 2 ** 31

/** Checks that the inputs and outputs of the main graph are tensors a request can carry; tells the graph's name. */
export function readSpecs(wire: Wire, start: number, end: number, onName: (name: string) => void): void {
  wire.fields(start, end, field => {
    if (field.number === 2 && field.end > field.start) onName(readText(wire, field))
    if (field.number === 11) readSpec(wire, field.start, field.end, 'Input')
    if (field.number === 12) readSpec(wire, field.start, field.end, 'Output')
  })
}

/** The name of a `ValueInfoProto`, and the `TensorProto.DataType` it declares; undefined for what is no tensor. */
export function readDeclaration(
  wire: Wire,
  start: number,
  end: number,
): { name: string; elementType: number | undefined } {
  let name = ''
  let elementType: number | undefined
  wire.fields(start, end, field => {
    if (field.number === 1) name = readText(wire, field)
    if (field.number !== 2) return
    wire.fields(field.start, field.end, kind => {
      if (kind.number !== 1) return
      wire.fields(kind.start, kind.end, part => {
        if (part.number === 1) elementType = part.varint
      })
    })
  })
  return { name, elementType }
}

function readSpec(wire: Wire, start: number, end: number, role: 'Input' | 'Output'): void {
  let name = ''
  wire.fields(start, end, field => {
    if (field.number === 1) name = readText(wire, field)
  })
  // The second is an ordinary name to ONNX and no property name to JavaScript.
  if (name === '' || name === '__proto__') throw refuse(`${role} "${name}" needs another name.`)
  const what = `${role} ${name}`
  wire.fields(start, end, field => {
    if (field.number !== 2) return
    wire.fields(field.start, field.end, kind => {
      const other = kinds[kind.number]
      if (other !== undefined)
        throw refuse(
          `${what} is ${other}, which has no form as a tensor. Export the model with tensors only.`,
        )
      if (kind.number === 1) readTensorType(wire, kind.start, kind.end, what, role)
    })
  })
}

function readTensorType(
  wire: Wire,
  start: number,
  end: number,
  what: string,
  role: 'Input' | 'Output',
): void {
  let elements = 1
  wire.fields(start, end, field => {
    if (field.number === 1 && !served.has(field.varint)) {
      const datatype = unserved[field.varint] ?? `datatype ${field.varint}`
      throw refuse(
        `${what} is ${datatype}, which the protocol cannot carry. Cast it to FP32 inside the model.`,
      )
    }
    if (field.number !== 2) return
    wire.fields(field.start, field.end, dimension => {
      if (dimension.number !== 1) return
      wire.fields(dimension.start, dimension.end, size => {
        if (size.number !== 1) return
        // Some exporters write -1 for a dimension that a request may choose; onnxruntime reads it the same.
        if (size.varint < -1) throw refuse(`${what} has the negative dimension ${size.varint}.`)
        elements *= size.varint === -1 ? 1 : size.varint
      })
    })
  })
  if (role === 'Input' && elements > maxInputElements) {
    throw refuse(`${what} declares ${elements} elements; a request can carry at most ${maxInputElements}.`)
  }
}
