import { type AiSdkOptions, createAiSdk } from '../adapters/llm/ai-sdk/ai-sdk.ts'
import type { Scope } from './defer.ts'
import { prompt, type ScriptedLlm, scriptedLlm } from './llm-fixture.ts'
import type { Scripted } from './llm-upstream.ts'

export const model = 'claude-sonnet-4-5'
export const request = { model, messages: [{ role: 'user', content: prompt }] }
export const tools = [
  {
    type: 'function',
    function: {
      name: 'look_up',
      description: 'The weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
  { type: 'function', function: { name: 'clock' } },
]

/** A provider that speaks Anthropic's protocol unless the options say another, and who answers it. */
export function vendorProvider(
  scope: Scope,
  scripts: readonly Scripted[],
  options: Partial<AiSdkOptions> = {},
): Promise<ScriptedLlm> {
  return scriptedLlm(scope, scripts, common => createAiSdk({ ...common, vendor: 'anthropic', ...options }))
}
