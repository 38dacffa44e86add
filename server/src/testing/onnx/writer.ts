import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Datatype } from '@roundhouse/sdk/contract'
import { encodeModel } from './messages.ts'

/** One dimension: a size, or a name for one that a request may choose. */
export type Dimension = number | string

export type OnnxTensor = Record<string, unknown> & { readonly name: string }
export type OnnxNode = Record<string, unknown>
export type OnnxGraph = Record<string, unknown>

/** `TensorProto.DataType` of onnx.proto. */
export const elementTypes: Readonly<Record<Datatype, number>> = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
}

export type AttributeValue =
  | { float: number }
  | { int: number }
  | { string: string }
  | { floats: readonly number[] }
  | { ints: readonly number[] }
  | { strings: readonly string[] }
  | { tensor: OnnxTensor }
  | { graph: OnnxGraph }

/** An operator: `node('Gemm', ['x', 'w', 'b'], ['y'], { transB: { int: 1 } })`. */
export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = '',
): OnnxNode {
  return {
    op_type: operator,
    input: inputs,
    output: outputs,
    name: `${operator}_${outputs[0] ?? ''}`,
    attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attribute(value) })),
    ...(domain === '' ? {} : { domain }),
  }
}

/** A constant FP32 tensor in row-major order. */
export function floats(name: string, dims: readonly number[], values: Float32Array): OnnxTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return { name, dims, data_type: elementTypes.FP32, raw_data: bytes }
}

/** A constant INT64 tensor; without `dims` a list. */
export function integers(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): OnnxTensor {
  const bytes = new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer)
  return { name, dims, data_type: elementTypes.INT64, raw_data: bytes }
}

/** A graph input or output; without `shape` of unknown rank. */
export function value(
  name: string,
  datatype: Datatype,
  shape?: readonly Dimension[],
): Record<string, unknown> {
  const dim = shape?.map(size => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }))
  const tensor = { elem_type: elementTypes[datatype], ...(dim === undefined ? {} : { shape: { dim } }) }
  return { name, type: { tensor_type: tensor } }
}

export function graph(parts: {
  nodes: readonly OnnxNode[]
  inputs: readonly Record<string, unknown>[]
  outputs: readonly Record<string, unknown>[]
  initializers?: readonly OnnxTensor[]
  name?: string
}): OnnxGraph {
  return {
    name: parts.name ?? 'main',
    node: parts.nodes,
    input: parts.inputs,
    output: parts.outputs,
    initializer: parts.initializers ?? [],
  }
}

/** The bytes of an ONNX file (IR 8, opset 13). `extra` sets or replaces fields of the model by their names in onnx.proto. */
export function model(
  main: OnnxGraph,
  metadata: Readonly<Record<string, string>> = {},
  extra: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  return encodeModel({
    ir_version: 8,
    producer_name: 'roundhouse',
    graph: main,
    opset_import: [
      { domain: '', version: 13 },
      { domain: 'ai.onnx.ml', version: 3 },
    ],
    metadata_props: Object.entries(metadata).map(([key, entry]) => ({ key, value: entry })),
    ...extra,
  })
}

/** Writes the file in one move, so that no reader meets half of it. Returns the path. */
export function writeModel(path: string, bytes: Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true })
  const partial = `${path}.${createHash('sha256').update(`${process.pid}`).digest('hex').slice(0, 8)}`
  writeFileSync(partial, bytes)
  renameSync(partial, path)
  return path
}

// `type` is AttributeProto.AttributeType.
function attribute(given: AttributeValue): Record<string, unknown> {
  const utf8 = new TextEncoder()
  if ('float' in given) return { type: 1, f: given.float }
  if ('int' in given) return { type: 2, i: given.int }
  if ('string' in given) return { type: 3, s: utf8.encode(given.string) }
  if ('tensor' in given) return { type: 4, t: given.tensor }
  if ('graph' in given) return { type: 5, g: given.graph }
  if ('floats' in given) return { type: 6, floats: given.floats }
  if ('ints' in given) return { type: 7, ints: given.ints }
  return { type: 8, strings: given.strings.map(text => utf8.encode(text)) }
}
