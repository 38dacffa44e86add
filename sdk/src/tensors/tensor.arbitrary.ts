import fc from 'fast-check'
import { type Datatype, datatypes } from './datatype.ts'
import { elementCount } from './elements.ts'
import { halfToNumber } from './half.ts'
import type { Tensor, TensorData } from './tensor.ts'

/** Shapes of up to 4 sizes, from scalars over empty ones to 81 elements. */
const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })

/** A tensor of any datatype with any elements. NaN is the one of JavaScript, not another with the same meaning. */
export function anyTensor(name: string, among: readonly Datatype[] = datatypes): fc.Arbitrary<Tensor> {
  return fc
    .record({ datatype: fc.constantFrom(...among), shape })
    .chain(head => elements(head.datatype, elementCount(head.shape)).map(data => ({ name, ...head, data })))
}

function elements(datatype: Datatype, length: number): fc.Arbitrary<TensorData> {
  const exactly = { minLength: length, maxLength: length }
  const integers = (min: number, max: number) => fc.array(fc.integer({ min, max }), exactly)
  switch (datatype) {
    case 'BOOL':
      return integers(0, 1).map(values => Uint8Array.from(values))
    case 'UINT8':
      return integers(0, 255).map(values => Uint8Array.from(values))
    case 'UINT16':
      return integers(0, 65_535).map(values => Uint16Array.from(values))
    case 'UINT32':
      return integers(0, 2 ** 32 - 1).map(values => Uint32Array.from(values))
    case 'INT8':
      return integers(-128, 127).map(values => Int8Array.from(values))
    case 'INT16':
      return integers(-32_768, 32_767).map(values => Int16Array.from(values))
    case 'INT32':
      return integers(-(2 ** 31), 2 ** 31 - 1).map(values => Int32Array.from(values))
    case 'UINT64':
      return fc
        .array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), exactly)
        .map(values => BigUint64Array.from(values))
    case 'INT64':
      return fc
        .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), exactly)
        .map(values => BigInt64Array.from(values))
    case 'FP16':
      return integers(0, 65_535).map(values =>
        Uint16Array.from(values, bits => (Number.isNaN(halfToNumber(bits)) ? 0x7e00 : bits)),
      )
    case 'FP32':
      return fc.array(fc.float(), exactly).map(values => Float32Array.from(values))
    case 'FP64':
      return fc.array(fc.double(), exactly).map(values => Float64Array.from(values))
    case 'BYTES':
      return fc.array(fc.string({ unit: 'binary' }), exactly)
  }
}
