import { putProvider } from '@roundhouse/sdk/contract'
import { type CalledKind, type KeyedProvider, unpriced, usualLimits } from '../providers/provider-config.ts'

const base_url = putProvider.shape.base_url.unwrap().unwrap()
const key = putProvider.shape.key.unwrap().unwrap()

/** Providers of language models that need no administrator. Others are set by the API. */
export const providerSettings = {
  LLM_BASE_URL: {
    schema: base_url,
    default: undefined,
    meaning:
      'Where a provider of language models is reached that speaks as OpenAI does, up to and without `/chat/completions`: the provider `default`.',
  },
  LLM_API_KEY: {
    schema: key,
    default: undefined,
    meaning: 'Its key, where it wants one.',
    secret: true,
  },
  OPENAI_API_KEY: {
    schema: key,
    default: undefined,
    meaning: 'Key of OpenAI: the provider `openai`.',
    secret: true,
  },
  ANTHROPIC_API_KEY: {
    schema: key,
    default: undefined,
    meaning: 'Key of Anthropic: the provider `anthropic`.',
    secret: true,
  },
  GOOGLE_GENERATIVE_AI_API_KEY: {
    schema: key,
    default: undefined,
    meaning: 'Key of the Gemini API of Google: the provider `google`.',
    secret: true,
  },
  LOVABLE_API_KEY: {
    schema: key,
    default: undefined,
    meaning: 'Key of the AI gateway of Lovable: the provider `lovable`.',
    secret: true,
  },
} as const

type ProviderConfigValues = {
  readonly [Name in keyof typeof providerSettings]: string | undefined
}

/** @param missing Neither given nor refused already. */
export function impossibleProviders(
  config: Readonly<Partial<Record<keyof typeof providerSettings, unknown>>>,
  missing: (name: keyof typeof providerSettings) => boolean,
): string[] {
  return config.LLM_API_KEY !== undefined && missing('LLM_BASE_URL')
    ? ['LLM_BASE_URL: goes with LLM_API_KEY.']
    : []
}

/** In the order in which one is chosen where an agent names none; the demo, which everyone has, at the end. */
export function fixedProviders(config: ProviderConfigValues): KeyedProvider[] {
  const { LLM_BASE_URL, LLM_API_KEY = null } = config
  return [
    ...(LLM_BASE_URL === undefined ? [] : [declared('default', 'openai', LLM_BASE_URL, LLM_API_KEY)]),
    ...withKey('openai', 'openai', 'https://api.openai.com/v1', config.OPENAI_API_KEY),
    ...withKey('anthropic', 'anthropic', null, config.ANTHROPIC_API_KEY),
    ...withKey('google', 'google', null, config.GOOGLE_GENERATIVE_AI_API_KEY),
    ...withKey('lovable', 'openai', 'https://ai.gateway.lovable.dev/v1', config.LOVABLE_API_KEY),
    demo,
  ]
}

/** Those whose every model is passed on without a price, so that the house pays for what all its users ask. */
export function freeProviders(providers: readonly KeyedProvider[]): string[] {
  return providers.filter(({ config }) => config.models.length === 0).map(({ config }) => config.name)
}

function withKey(
  name: string,
  kind: CalledKind,
  baseUrl: string | null,
  key: string | undefined,
): KeyedProvider[] {
  return key === undefined ? [] : [declared(name, kind, baseUrl, key)]
}

const demo: KeyedProvider = {
  config: {
    name: 'demo',
    kind: 'demo',
    source: 'built-in',
    baseUrl: null,
    models: [
      { name: 'demo', kind: 'chat', ...unpriced },
      { name: 'demo-embedding', kind: 'embedding', ...unpriced },
    ],
    fallbacks: [],
    ...usualLimits,
    maxConcurrent: 1000,
    isEnabled: true,
  },
  key: null,
}

function declared(name: string, kind: CalledKind, baseUrl: string | null, key: string | null): KeyedProvider {
  return {
    config: {
      name,
      kind,
      source: 'environment',
      baseUrl,
      models: [],
      fallbacks: [],
      ...usualLimits,
      isEnabled: true,
    },
    key,
  }
}
