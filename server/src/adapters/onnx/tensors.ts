import type { Datatype, Tensor, TensorData } from '@roundhouse/sdk/contract'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'

type Ort = typeof import('onnxruntime-node')

const ortTypes = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<Datatype, OrtTensor.Type>

const datatypeByOrtType: ReadonlyMap<string, Datatype> = new Map(
  (Object.keys(ortTypes) as Datatype[]).map(datatype => [ortTypes[datatype], datatype]),
)

/** The protocol's name of an onnxruntime element type, or undefined when it has none. */
export function datatypeOf(ortType: string): Datatype | undefined {
  return datatypeByOrtType.get(ortType)
}

/** A view for onnxruntime over the tensor's own memory; nothing is copied. */
export function toOrt(ort: Ort, tensor: Tensor): InferenceSession.OnnxValueMapType[string] {
  const dims = [...tensor.shape]
  if (tensor.datatype !== 'FP16') return new ort.Tensor(ortTypes[tensor.datatype], tensor.data, dims)
  // Where Float16Array exists (Node 24), the constructor turns FP16 data into one, and the native side of
  // onnxruntime-node 1.30 then reads its length as 0 ("not enough space: expected 8, got 0"). It reads the
  // fields of whatever it is given, so an object with the raw bits does what the class cannot.
  const half = { type: 'float16', location: 'cpu', data: tensor.data, dims, size: tensor.data.length }
  return half as unknown as OrtTensor
}

/** The tensor over the memory onnxruntime allocated for it. FP16 comes back as its bits. */
export function fromOrt(name: string, value: OrtTensor): Tensor {
  const datatype = datatypeOf(value.type)
  if (datatype === undefined)
    throw new Error(`Output ${name} has the datatype ${value.type}, which the protocol lacks.`)
  const data: unknown = value.data
  const bits =
    datatype === 'FP16' && ArrayBuffer.isView(data)
      ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
      : data
  // onnxruntime-common pairs each type with the array class that TensorData names.
  return { name, datatype, shape: value.dims, data: bits as TensorData }
}
