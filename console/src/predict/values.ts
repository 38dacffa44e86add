/** Values of a tensor as they are written in JSON; whole numbers beyond 2^53 stay text, with every digit. */
export type Value = number | string | boolean | null | readonly Value[]
export type Single = Exclude<Value, readonly Value[]>
/** By the name of the input or output. */
export type Values = Readonly<Record<string, Value>>

/** @throws SyntaxError for what is no JSON. */
export function readExact(text: string): unknown {
  // Browsers of 2025 hand the literal on as it was written.
  const exact = (_name: string, value: unknown, context?: { source?: string }) =>
    isLong(value) && context?.source ? context.source : value
  return JSON.parse(text, exact)
}

/** For writing it again: as `readExact`, with whole numbers beyond 2^53 as what `JSON.stringify` writes with every digit. */
export function readRaw(text: string): unknown {
  const raw = (_name: string, value: unknown, context?: { source?: string }) =>
    isLong(value) && context?.source ? rawJson(context.source) : value
  return JSON.parse(text, raw)
}

/** Newer than the types of some compilers know. */
const { rawJSON: rawJson } = JSON as JSON & { rawJSON(text: string): unknown }

function isLong(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value)
}

export function isValues(value: unknown): value is Values {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isValue)
  )
}

export function isValue(value: unknown): value is Value {
  return Array.isArray(value) ? value.every(isValue) : value === null || typeof value !== 'object'
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
export function isTable(value: Value): value is readonly (readonly Single[])[] {
  if (!isList(value) || value.length === 0) return false
  const [first] = value
  if (first === undefined || !isList(first)) return false
  return value.every(row => isList(row) && row.length === first.length && row.every(isSingle))
}

/** All values, in row-major order. */
export function cellsOf(value: Value): Single[] {
  const cells: Single[] = []
  const take = (part: Value) => {
    if (isList(part)) for (const item of part) take(item)
    else cells.push(part)
  }
  take(value)
  return cells
}

/** Nested as `sizes` say; there are as many cells as their product. */
export function nested<Cell extends Value>(sizes: readonly number[], cells: readonly Cell[]): Value {
  const [size, ...rest] = sizes
  if (size === undefined) return cells[0] ?? null
  const each = size === 0 ? 0 : cells.length / size
  return Array.from({ length: size }, (_, at) => nested(rest, cells.slice(at * each, (at + 1) * each)))
}

/** Six digits say all that a model of 32 bits knows. */
export function shown(value: Value): string {
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value)
  const text = value.toPrecision(6)
  return text.includes('e') ? text : String(Number(text))
}

function isSingle(value: Value): value is Single {
  return !isList(value)
}

/** A reply of our own API. @throws Error when it is none. */
export function readPrediction(text: string): { outputs: Values; inferenceMs: number; isCached: boolean } {
  const read = readExact(text)
  const part = (name: string): unknown => Object.getOwnPropertyDescriptor(read, name)?.value
  const outputs = part('output_data')
  if (!isValues(outputs)) throw new Error('The server answered with something else than a prediction.')
  return { outputs, inferenceMs: Number(part('inference_time_ms')), isCached: part('cached') === true }
}
