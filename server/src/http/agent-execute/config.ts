import { type AgentConfig, agentConfig, type ExecuteValidatedAgent } from '@roundhouse/sdk/contract'

/** What the backend before this one took for what is not said. */
const defaultTemperature = 0.7
const defaultMaxTokens = 1000

/** Of an agent that is not stored here: what its backend sends is all there is of it. */
export function unstoredConfig(model: string): AgentConfig {
  return agentConfig.parse({ model })
}

/** The agent as its backend sends it; it calls no tools. The model, where none is said, and the limits are as stored. */
export function configOf(
  { system_prompt, ai_model, temperature, max_tokens, knowledge_base }: ExecuteValidatedAgent['agentConfig'],
  stored: AgentConfig,
): AgentConfig {
  return {
    ...stored,
    ...(ai_model ? { provider: null, model: ai_model, fallbacks: [] } : {}),
    system_prompt: system_prompt ?? '',
    temperature: temperature ?? defaultTemperature,
    max_tokens: max_tokens ?? defaultMaxTokens,
    knowledge: knowledge_base ?? [],
    tools: [],
    is_heavy: false,
    railway_url: null,
    output_schema: null,
  }
}
