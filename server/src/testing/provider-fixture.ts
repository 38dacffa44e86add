import { createDemo } from '../adapters/llm/demo/demo.ts'
import { openOpenAi } from '../adapters/llm/openai/openai.ts'
import type { ProviderModel } from '../providers/provider.ts'
import {
  type KeyedProvider,
  type OpenLlm,
  type ProviderConfig,
  unpriced,
  usualLimits,
} from '../providers/provider-config.ts'

/** What tests say of a model, and the rest. */
export function modelOf(name: string, more: Partial<ProviderModel> = {}): ProviderModel {
  return {
    name,
    kind: 'chat',
    ...unpriced,
    ...more,
  }
}

export function providerOf(
  name: string,
  baseUrl: string | null,
  more: Partial<ProviderConfig> = {},
): KeyedProvider {
  const config: ProviderConfig = {
    name,
    kind: baseUrl === null ? 'demo' : 'openai',
    source: 'environment',
    baseUrl,
    models: [],
    fallbacks: [],
    ...usualLimits,
    isEnabled: true,
    ...more,
  }
  return { config, key: baseUrl === null ? null : 'sk-test' }
}

export const openTestLlm: OpenLlm = async ({ config, key }) =>
  config.baseUrl === null
    ? createDemo({ paceMs: 0 })
    : openOpenAi({ ...config, baseUrl: config.baseUrl, key, answerTimeoutMs: 5000 })
