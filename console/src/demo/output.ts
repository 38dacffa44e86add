/** Values of an output as the server wrote them; whole numbers beyond 2^53 stay text, with every digit. */
export type Value = number | string | boolean | null | readonly Value[]

export function readOutputs(text: string): {
  outputs: Record<string, Value>
  inferenceMs: number
  isCached: boolean
} {
  const exact = (_name: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value) && context?.source
      ? context.source
      : value
  const { output_data, inference_time_ms, cached } = JSON.parse(text, exact)
  return { outputs: output_data, inferenceMs: inference_time_ms, isCached: cached }
}

/** Without the dimensions that hold one thing: a batch of one is shown as what it is. */
export function squeezed(value: Value): Value {
  return isList(value) && value.length === 1 && value[0] !== undefined ? squeezed(value[0]) : value
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isVector(value: Value): value is readonly number[] {
  return isList(value) && value.length > 1 && value.every(item => typeof item === 'number')
}

/** Rows of single values, all of one length. */
export function isTable(value: Value): value is readonly (readonly Exclude<Value, readonly Value[]>[])[] {
  if (!isList(value) || value.length === 0) return false
  const [first] = value
  if (first === undefined || !isList(first)) return false
  return value.every(row => isList(row) && row.length === first.length && row.every(cell => !isList(cell)))
}

/** Six digits say all that a model of 32 bits knows. */
export function shown(value: Value): string {
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value)
  const text = value.toPrecision(6)
  return text.includes('e') ? text : String(Number(text))
}
