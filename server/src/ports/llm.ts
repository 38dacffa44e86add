/** What a conversation is made of: the messages of OpenAI's chat completions. */
export type ChatMessage =
  | { readonly role: 'system' | 'developer'; readonly content: string }
  | { readonly role: 'user'; readonly content: string | readonly unknown[] }
  | {
      readonly role: 'assistant'
      readonly content?: string | null
      readonly refusal?: string | null
      readonly tool_calls?: readonly ToolCall[]
    }
  | { readonly role: 'tool'; readonly content: string; readonly tool_call_id: string }

export type ToolCall = {
  readonly id: string
  readonly type: 'function'
  /** `arguments` is JSON text, as the model wrote it: possibly not valid. */
  readonly function: { readonly name: string; readonly arguments: string }
}

/** A `ChatMessage`, or what else a client writes and only the provider understands. */
export type PassedMessage = { readonly role: string; readonly [field: string]: unknown }

/** What is asked; what is not named here is passed on as it is (`temperature`, `tools`, `response_format`, ...). */
export type ChatBody = {
  readonly messages: readonly PassedMessage[]
  readonly [option: string]: unknown
}

export type ChatRequest = ChatBody & { readonly model: string }

export type TokenUsage = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly [detail: string]: unknown
}

/** A piece of a tool call: the first of an `index` has the id and the name, later ones go on with the arguments. */
export type ToolCallDelta = {
  readonly index: number
  readonly id?: string
  readonly type?: 'function'
  readonly function?: { readonly name?: string; readonly arguments?: string }
}

export type ChatDelta = {
  readonly role?: string
  readonly content?: string | null
  readonly refusal?: string | null
  readonly reasoning_content?: string | null
  readonly tool_calls?: readonly ToolCallDelta[]
  readonly [extension: string]: unknown
}

export type ChatChoice = {
  readonly index: number
  readonly delta: ChatDelta
  readonly finish_reason: string | null
  readonly [extension: string]: unknown
}

/** `chat.completion.chunk`, with what upstreams leave out put right: `choices` is a list, a `delta` an object. */
export type ChatChunk = {
  readonly choices: readonly ChatChoice[]
  readonly usage?: TokenUsage | null
  readonly [extension: string]: unknown
}

/** `chat.completion`, as it came. */
export type ChatCompletion = {
  readonly choices: readonly {
    readonly index: number
    readonly message: Extract<ChatMessage, { role: 'assistant' }>
    readonly finish_reason: string | null
  }[]
  readonly usage?: TokenUsage | null
  readonly [extension: string]: unknown
}

export type EmbeddingBody = {
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[]
  readonly [option: string]: unknown
}

export type EmbeddingRequest = EmbeddingBody & { readonly model: string }

export type EmbeddingAnswer = {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] | string }[]
  readonly usage?: { readonly prompt_tokens: number; readonly total_tokens: number }
  readonly [extension: string]: unknown
}

/**
 * One provider of language models. Every call ends with the signal, and within its time limits: `connect` until there
 * is a connection, `first token` until the first chunk, `idle` between chunks.
 *
 * @throws Problem `provider-unavailable`, `provider-timeout`, `provider-busy` (with its `Retry-After`),
 * `provider-refused`, `provider-unauthorised`, `provider-failed`; never with the key or the prompt in its sentence.
 */
export type Llm = {
  /**
   * The chunks in the order they came, as many at a time as one read of the network brought. The last has a
   * `finish_reason`; one with `usage` and no choices may follow. Usage is always asked for. A stream that ends before
   * a `finish_reason` throws `provider-failed`. Not reading holds the provider back; leaving the loop ends the call.
   */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<readonly ChatChunk[]>
  complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion>
  embed(request: EmbeddingRequest, signal: AbortSignal): Promise<EmbeddingAnswer>
  /** Frees its connections, each when the call on it has ended. */
  close(): Promise<void>
}
