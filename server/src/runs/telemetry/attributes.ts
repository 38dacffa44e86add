import type { FinishedSpan } from '../../ports/tracer.ts'

type Attributes = FinishedSpan['attributes']

/** Those that have a value. */
export function attributesOf(all: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  const attributes: Record<string, Attributes[string]> = {}
  for (const [name, value] of Object.entries(all)) if (value !== undefined) attributes[name] = value
  return attributes
}

/** What a call of a model took, or all those of a run together. */
export function callAttributes(call: {
  provider: string | undefined
  model: string | undefined
  inputTokens: number
  outputTokens: number
  isEstimated: boolean
  credits: number
  costMicros: number
  firstTokenMs: number | null
}): Readonly<Record<string, Attributes[string] | undefined>> {
  const { firstTokenMs } = call
  return {
    'gen_ai.provider.name': call.provider,
    'gen_ai.request.model': call.model,
    'gen_ai.usage.input_tokens': call.inputTokens,
    'gen_ai.usage.output_tokens': call.outputTokens,
    // In seconds, as the conventions have it.
    'gen_ai.response.time_to_first_chunk': firstTokenMs === null ? undefined : firstTokenMs / 1000,
    'roundhouse.usage.estimated': call.isEstimated,
    'roundhouse.credits': call.credits,
    'roundhouse.cost_micros': call.costMicros,
  }
}
