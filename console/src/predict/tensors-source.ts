import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { cellsOf, isList, isValues, readExact, type Single, type Value } from './values.ts'

type Dtype = TensorSpecBody['dtype']

/** More values are not written out. */
const mostValues = 400

const arrays = {
  BOOL: 'Uint8Array',
  UINT8: 'Uint8Array',
  UINT16: 'Uint16Array',
  UINT32: 'Uint32Array',
  UINT64: 'BigUint64Array',
  INT8: 'Int8Array',
  INT16: 'Int16Array',
  INT32: 'Int32Array',
  INT64: 'BigInt64Array',
  FP32: 'Float32Array',
  FP64: 'Float64Array',
} as const

/** The inputs as tensors of the SDK, a line of TypeScript each. Nothing for what is no input data. */
export function tensorsSource(inputs: readonly TensorSpecBody[], input: string): string[] {
  const values = readExact(input)
  if (!isValues(values)) return []
  return inputs.flatMap(({ name, dtype }) => {
    const value = values[name]
    if (value === undefined) return []
    const shape = shapeOf(value)
    return [
      `{ name: ${JSON.stringify(name)}, datatype: '${dtype}', shape: [${shape.join(', ')}], data: ${dataOf(dtype, cellsOf(value))} },`,
    ]
  })
}

function dataOf(dtype: Dtype, cells: readonly Single[]): string {
  const isCut = cells.length > mostValues
  const list = isCut ? `/* ${cells.length} values */` : cells.map(cell => literal(dtype, cell)).join(', ')
  if (dtype === 'BYTES') return `[${list}]`
  // Bits of half precision: made of the numbers by the runtime.
  if (dtype === 'FP16') return `new Uint16Array(new Float16Array([${list}]).buffer)`
  return `new ${arrays[dtype]}([${list}])`
}

function literal(dtype: Dtype, cell: Single): string {
  if (dtype === 'BYTES') return JSON.stringify(cell)
  if (dtype === 'BOOL') return String(Number(cell))
  return dtype.endsWith('INT64') ? `${cell}n` : String(cell)
}

function shapeOf(value: Value): number[] {
  return isList(value) ? [value.length, ...shapeOf(value[0] ?? null)].slice(0, 8) : []
}
