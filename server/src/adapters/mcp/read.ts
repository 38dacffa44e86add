import { Problem } from '@roundhouse/sdk/contract'
import { isDeeper } from '../../kit/json-depth.ts'

const mostLevels = 100

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Empty for what is no text. */
export function textOf(value: unknown, most = Number.POSITIVE_INFINITY): string {
  return typeof value === 'string' ? value.slice(0, most) : ''
}

/** What a server sent. @throws Problem `address-failed`. */
export function jsonOf(text: string, host: string): unknown {
  // Much of what handles it later goes as deep as it is.
  if (isDeeper(text, mostLevels))
    throw new Problem('address-failed', `The answer of ${host} is nested deeper than ${mostLevels} levels.`)
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem('address-failed', `The answer of ${host} is not valid JSON.`)
  }
}
