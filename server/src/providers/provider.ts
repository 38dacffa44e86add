import type { ChatBody, ChatChunk, ChatCompletion, EmbeddingAnswer, EmbeddingBody } from '../ports/llm.ts'

/** What a model is asked for. */
export type ModelKind = 'chat' | 'embedding'

/** A model that a provider has. Prices are what our users pay, in credits; costs what the provider asks of us. */
export type ProviderModel = {
  readonly name: string
  readonly kind: ModelKind
  /** Whole credits per million tokens. */
  readonly inputPrice: number
  readonly outputPrice: number
  /** Micro-dollars per million tokens. */
  readonly inputCost: number
  readonly outputCost: number
  readonly contextTokens: number | null
}

/** A provider and one of its models, found for a caller's `<provider>/<model>`. */
export type Target = {
  readonly provider: string
  readonly model: ProviderModel
  /** Answers without a key and is no real model. */
  readonly isDemo: boolean
}

/** Told of what a call came to, to log, count and trace it. Nothing here may throw or wait. */
export type CallObserver = {
  /** Before each request that is sent: the first, a retry, a fallback. */
  attempt?(target: Target, number: number): void
  failed?(target: Target, error: unknown): void
}

export type Providers = {
  /**
   * @param name `<provider>/<model>`
   * @param kind What it is to do; of a provider that lists no models, each is taken to do it. Absent: whatever it does.
   * @throws Problem `model-not-found`, also for a model that does the other.
   */
  find(name: string, kind?: ModelKind): Target
  /**
   * Of an agent, to chat with: its provider; without one the first that lists the model, then the one that the model's
   * name begins with, then the first that takes every name. @throws Problem `model-not-found`.
   */
  findFor(provider: string | null, model: string): Target
  /**
   * Each of the targets with the fallbacks of its provider behind it, and theirs, none twice: whom `stream` asks, in this
   * order. Of what it gives it gives the same.
   */
  withFallbacks(targets: readonly Target[]): readonly Target[]
  /** Every model there is, in a fixed order. */
  models(): readonly Target[]
  /**
   * The chunks of the first of `targets` that answers; each is tried again where that may help. Once a chunk with
   * content came nothing is tried again: what breaks then is thrown.
   * @param targets In order; with the fallbacks of each provider behind it.
   */
  stream(
    targets: readonly Target[],
    request: ChatBody,
    signal: AbortSignal,
    observer?: CallObserver,
  ): AsyncIterable<readonly ChatChunk[]>
  complete(
    targets: readonly Target[],
    request: ChatBody,
    signal: AbortSignal,
    observer?: CallObserver,
  ): Promise<ChatCompletion>
  embed(target: Target, request: EmbeddingBody, signal: AbortSignal): Promise<EmbeddingAnswer>
}
