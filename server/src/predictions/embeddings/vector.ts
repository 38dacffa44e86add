import { Problem, type Tensor } from '@roundhouse/sdk/contract'

/**
 * The vector of one text, of length 1: what the model gave, or the mean over its tokens; cut to `dimensions` before its
 * length is made 1 again. Nothing but zeros stays so.
 * @param output FP32 [1,D], or [1,T,D].
 * @throws Problem `invalid-request` for more dimensions than there are, `model-failed` for what is no vector.
 */
export function vectorOf({ name, shape, data }: Tensor, dimensions: number | undefined): Float32Array {
  const size = shape.at(-1) ?? 0
  if (!(data instanceof Float32Array) || shape[0] !== 1 || data.length === 0)
    throw new Problem('model-failed', `Output ${name} is no vector of one text: its shape is [${shape}].`)
  assertDimensions(dimensions, size)
  const vector = sumOfRows(data, size).subarray(0, dimensions ?? size)
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  if (!Number.isFinite(length))
    throw new Problem('model-failed', `Output ${name} holds values that are no finite numbers.`)
  // A mean has the direction of the sum.
  return Float32Array.from(vector, value => (length === 0 ? 0 : value / length))
}

/** @param size Null where only the model's answer tells. @throws Problem `invalid-request`. */
export function assertDimensions(dimensions: number | undefined, size: number | null): void {
  if (dimensions === undefined || size === null || dimensions <= size) return
  throw new Problem('invalid-request', `dimensions: The vectors of this model have ${size}.`)
}

/** In doubles, which also hold the squares of the largest floats. */
function sumOfRows(data: Float32Array, size: number): Float64Array {
  const sum = new Float64Array(size)
  for (let from = 0; from < data.length; from += size)
    for (let at = 0; at < size; at++) sum[at] = (sum[at] ?? 0) + (data[from + at] ?? 0)
  return sum
}
