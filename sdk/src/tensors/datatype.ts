/**
 * Datatypes of the Open Inference Protocol that can be served (BF16 is not: no runtime of ours takes it).
 * Source: kserve/open-inference-protocol, "Tensor Data Types".
 */
export const datatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const

export type Datatype = (typeof datatypes)[number]

/** Bytes per element; BYTES is variable and has none. */
export const bytesPerElement = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
} as const satisfies Record<Exclude<Datatype, 'BYTES'>, number>
