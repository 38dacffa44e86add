import type { Llm } from '../ports/llm.ts'
import type { ProviderModel } from './provider.ts'

/** How it is spoken to: as OpenAI, or in the vendor's own protocol. */
export type CalledKind = 'openai' | 'anthropic' | 'google'

/** What is known of a provider but its key. */
export type ProviderConfig = {
  readonly name: string
  readonly kind: CalledKind | 'demo'
  /** Only those of the database are changed by the API. */
  readonly source: 'environment' | 'database' | 'built-in'
  /** Null: the vendor's own, or of the demo none. */
  readonly baseUrl: string | null
  /** Empty: every name is passed on, and costs nothing. */
  readonly models: readonly ProviderModel[]
  /** `<provider>/<model>` each. */
  readonly fallbacks: readonly string[]
  /** Calls under way at a time, of this process. */
  readonly maxConcurrent: number
  readonly connectTimeoutMs: number
  readonly firstTokenTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly isEnabled: boolean
}

export type KeyedProvider = { readonly config: ProviderConfig; readonly key: string | null }

/** What is not said of a model. */
export const unpriced = {
  inputPrice: 0,
  outputPrice: 0,
  inputCost: 0,
  outputCost: 0,
  contextTokens: null,
} as const

/** What is not said of a provider. */
export const usualLimits = {
  maxConcurrent: 64,
  connectTimeoutMs: 5000,
  firstTokenTimeoutMs: 60_000,
  idleTimeoutMs: 30_000,
} as const

export type OpenLlm = (provider: KeyedProvider) => Promise<Llm>
