import type { ProviderBody, PutProvider } from '@roundhouse/sdk'

export type ProviderKind = NonNullable<PutProvider['kind']>

export type Preset = {
  /** The name that is proposed. */
  name: string
  label: string
  kind: ProviderKind
  /** Null: the vendor's own. */
  baseUrl: string | null
  needsKey: boolean
  about: string
}

/** Providers that many use; each can be changed before it is saved. */
export const presets: readonly Preset[] = [
  {
    name: 'openai',
    label: 'OpenAI',
    kind: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    needsKey: true,
    about: 'GPT and embeddings.',
  },
  {
    name: 'anthropic',
    label: 'Anthropic',
    kind: 'anthropic',
    baseUrl: null,
    needsKey: true,
    about: 'Claude, in its own protocol.',
  },
  {
    name: 'google',
    label: 'Google',
    kind: 'google',
    baseUrl: null,
    needsKey: true,
    about: 'Gemini, in its own protocol.',
  },
  {
    name: 'openrouter',
    label: 'OpenRouter',
    kind: 'openai',
    baseUrl: 'https://openrouter.ai/api/v1',
    needsKey: true,
    about: 'Models of many vendors by one key.',
  },
  {
    name: 'mistral',
    label: 'Mistral',
    kind: 'openai',
    baseUrl: 'https://api.mistral.ai/v1',
    needsKey: true,
    about: 'Mistral and its embeddings.',
  },
  {
    name: 'groq',
    label: 'Groq',
    kind: 'openai',
    baseUrl: 'https://api.groq.com/openai/v1',
    needsKey: true,
    about: 'Open models, fast.',
  },
  {
    name: 'ollama',
    label: 'Ollama',
    kind: 'openai',
    baseUrl: 'http://localhost:11434/v1',
    needsKey: false,
    about: 'Models on a machine of yours.',
  },
  {
    name: 'vllm',
    label: 'vLLM',
    kind: 'openai',
    baseUrl: 'http://localhost:8000/v1',
    needsKey: false,
    about: 'A server of yours with GPUs.',
  },
  {
    name: 'custom',
    label: 'Another',
    kind: 'openai',
    baseUrl: '',
    needsKey: false,
    about: 'Whatever speaks as OpenAI does.',
  },
]

export const kindLabels: Readonly<Record<ProviderBody['kind'], string>> = {
  openai: 'OpenAI’s protocol',
  anthropic: 'Anthropic’s protocol',
  google: 'Google’s protocol',
  demo: 'no language model',
}

export const sourceLabels: Readonly<Record<ProviderBody['source'], string>> = {
  environment: 'the environment',
  database: 'these settings',
  'built-in': 'built in',
}
