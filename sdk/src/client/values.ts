import type { Prediction } from '../contract/prediction.ts'

/** Elements in row-major order; `shape` is that of the nested array ([] for a single value). */
export type Numbers = { shape: number[]; values: Float64Array }
export type Strings = { shape: number[]; values: string[] }

/**
 * JSON of `input_data`. Typed arrays become plain ones, NaN and the infinities the strings the server reads.
 * @throws TypeError for a bigint past 2^53: JSON numbers would round it. `inference.infer` sends such tensors exactly.
 */
export function inputDataJson(body: {
  input_data: Readonly<Record<string, unknown>>
  [field: string]: unknown
}): string {
  return JSON.stringify(body, (_key, value: unknown) => {
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (typeof value === 'bigint') return exactNumber(value)
    return isTypedArray(value) ? Array.from<unknown>(value) : value
  })
}

/**
 * A numeric or boolean output (true is 1). Integers past 2^53 are rounded; `inference.infer` keeps them exact.
 * @throws TypeError when there is no such output or it is not numeric.
 */
export function readNumbers(prediction: Pick<Prediction, 'output_data'>, output: string): Numbers {
  const { shape, values } = readValues(prediction, output)
  return { shape, values: Float64Array.from(values, value => numberOf(value, output)) }
}

/** @throws TypeError when there is no such output or it does not hold strings. */
export function readStrings(prediction: Pick<Prediction, 'output_data'>, output: string): Strings {
  const { shape, values } = readValues(prediction, output)
  const strings = values.map(value => {
    if (typeof value !== 'string')
      throw new TypeError(`Output "${output}" holds ${typeof value}s, not strings.`)
    return value
  })
  return { shape, values: strings }
}

function readValues(
  prediction: Pick<Prediction, 'output_data'>,
  output: string,
): { shape: number[]; values: unknown[] } {
  const outputs = prediction.output_data
  if (!Object.hasOwn(outputs, output)) {
    throw new TypeError(
      `There is no output "${output}"; there is ${Object.keys(outputs).join(', ') || 'none'}.`,
    )
  }
  const shape: number[] = []
  let values: unknown[] = [outputs[output]]
  for (let first = values[0]; Array.isArray(first); first = values[0]) {
    shape.push(first.length)
    values = values.flat()
  }
  return { shape, values }
}

function numberOf(value: unknown, output: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  throw new TypeError(`Output "${output}" holds ${typeof value}s, not numbers.`)
}

function exactNumber(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new TypeError(
    `${value} cannot be sent as a JSON number without rounding. Send it with inference.infer.`,
  )
}

function isTypedArray(value: unknown): value is Iterable<unknown> & ArrayBufferView {
  return ArrayBuffer.isView(value) && Symbol.iterator in value
}
