import type { Check } from './schema.ts'

/** Why an answer is not what the agent's `output_schema` asks for; null when it is. */
export function outputErrors(text: string, check: Check): string | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  return check(value)
}
