import { Problem } from '../contract/problem.ts'
import { describeValue, isObject, quoteName } from './names.ts'

export type Parameters = Record<string, string | number | boolean>

const none: Readonly<Record<string, unknown>> = Object.freeze({})

/**
 * The `parameters` member of a request, an input or an output; empty when it is absent or null.
 * @throws Problem `invalid-request` for other values than strings, numbers and booleans; `not-implemented` for shared memory.
 */
export function readParameters(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return none
  if (!isObject(value)) {
    throw new Problem(
      'invalid-request',
      `parameters of ${where} must be an object, got ${describeValue(value)}.`,
    )
  }
  for (const name of Object.keys(value)) {
    if (name.startsWith('shared_memory_')) {
      throw new Problem(
        'not-implemented',
        `Shared memory is not served (${where}). Send binary data instead.`,
      )
    }
    if (!isParameter(value[name])) {
      throw new Problem(
        'invalid-request',
        `Parameter ${quoteName(name)} of ${where} must be a string, number or boolean, got ${describeValue(value[name])}.`,
      )
    }
  }
  return value
}

/** What the parameters of the request itself say. */
export type RequestParameters = {
  /** Those that are the model's. */
  parameters: Parameters
  binaryOutputs: boolean
  /** 1 is the highest; absent is the default. */
  priority?: number
  timeoutMs?: number
}

/**
 * Source: Triton, "Parameters extension" and "Schedule policy extension" (`timeout` is in microseconds there).
 * @throws Problem `invalid-request` for reserved names and wrong kinds.
 */
export function readRequestParameters(value: unknown): RequestParameters {
  const given = readParameters(value, 'the request')
  if (given === none) return { parameters: {}, binaryOutputs: false }
  const free: [string, string | number | boolean][] = []
  const result: RequestParameters = { parameters: {}, binaryOutputs: false }
  for (const [name, parameter] of Object.entries(given)) {
    if (name === 'binary_data_output') result.binaryOutputs = readFlag(name, parameter, 'the request')
    else if (name === 'priority') {
      const priority = readCount(name, parameter)
      if (priority > 0) result.priority = priority
    } else if (name === 'timeout') {
      const timeoutMs = readCount(name, parameter) / 1000
      if (timeoutMs > 0) result.timeoutMs = timeoutMs
    } else if (isReserved(name)) {
      throw new Problem('invalid-request', `Parameter ${quoteName(name)} is reserved. Choose another name.`)
    } else if (isParameter(parameter)) {
      free.push([name, typeof parameter === 'bigint' ? Number(parameter) : parameter])
    }
  }
  // Defines each name, also `__proto__`, where an assignment would not.
  result.parameters = Object.fromEntries(free)
  return result
}

/** @throws Problem `invalid-request` when it is not true or false. */
export function readFlag(name: string, value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw new Problem(
    'invalid-request',
    `Parameter ${quoteName(name)} of ${where} must be true or false, got ${describeValue(value)}.`,
  )
}

function readCount(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new Problem(
    'invalid-request',
    `Parameter ${quoteName(name)} of the request must be a whole number from 0 on, got ${describeValue(value)}.`,
  )
}

function isReserved(name: string): boolean {
  return /^(?:sequence_id|sequence_start|sequence_end|headers|triton_.*)$/s.test(name)
}

/** A long integer may have come as bigint, see parseJson. */
function isParameter(value: unknown): value is string | number | boolean | bigint {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
}
