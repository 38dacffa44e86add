import { type OpenAiOptions, openOpenAi } from '../adapters/llm/openai/openai.ts'
import type { Scope } from './defer.ts'
import { prompt, type ScriptedLlm, scriptedLlm } from './llm-fixture.ts'
import type { Scripted } from './llm-upstream.ts'

export const request = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: prompt }] }

/** A provider that speaks OpenAI's protocol, and who answers it. */
export function openAiProvider(
  scope: Scope,
  scripts: readonly Scripted[],
  options: Partial<OpenAiOptions> = {},
): Promise<ScriptedLlm> {
  return scriptedLlm(scope, scripts, common => openOpenAi({ ...common, ...options }))
}
