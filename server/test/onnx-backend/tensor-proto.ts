import { type Datatype, type Tensor, viewElements } from '@roundhouse/sdk/contract'
import protobuf from 'protobufjs'
import { elementTypes } from '../../src/testing/onnx/writer.ts'

// By the numbers of onnx/onnx.proto. The cases hold their elements as raw bytes, three of them INT8 in int32_data.
const definition = `
syntax = "proto3";
message TensorProto {
  repeated int64 dims = 1; int32 data_type = 2; repeated int32 int32_data = 5; repeated bytes string_data = 6;
  string name = 8; bytes raw_data = 9;
}
`
const tensorProto = protobuf.parse(definition, { keepCase: true }).root.lookupType('TensorProto')
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a `TensorProto`. */
export function decodeTensor(bytes: Uint8Array): Tensor {
  const fields = tensorProto.toObject(tensorProto.decode(bytes), {
    longs: Number,
    defaults: true,
    arrays: true,
  })
  const { dims: shape, data_type: code, name } = fields
  const datatype = datatypeOf(code)
  if (datatype === 'BYTES') {
    const data = fields.string_data.map((text: Uint8Array) => utf8.decode(text))
    return { name, datatype, shape, data }
  }
  if (fields.int32_data.length > 0) return { name, datatype, shape, data: Int8Array.from(fields.int32_data) }
  return { name, datatype, shape, data: viewElements(datatype, Uint8Array.from(fields.raw_data)) }
}

function datatypeOf(code: number): Datatype {
  for (const [datatype, number] of Object.entries(elementTypes)) {
    if (number === code) return datatype as Datatype
  }
  throw new Error(`A test value has the element type ${code}, which no tensor of ours has.`)
}
