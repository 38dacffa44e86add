import type { ChatChunk, ChatCompletion, TokenUsage } from '../../ports/llm.ts'
import { estimateInputTokens, estimateOutputTokens, isTokenCount, type Tokens } from '../price.ts'

/** Counts what an answer takes while it streams. */
export type Tally = {
  add(chunks: readonly ChatChunk[]): void
  /** Whether anything of an answer came. */
  hasBegun(): boolean
  outputTokens(): number
  /** What the provider told, or where it told nothing an estimate. */
  usage(): TokenUsage
  used(): Tokens & { readonly isEstimated: boolean }
}

/** @param request What was asked, for the estimate. */
export function createTally(request: unknown): Tally {
  let characters = 0
  let pieces = 0
  let told: TokenUsage | undefined
  const usage = () => told ?? estimate(request, estimateOutputTokens(characters, pieces))

  return {
    add(chunks) {
      for (const { choices, usage } of chunks) {
        if (isPlausible(usage)) told = usage
        for (const { delta } of choices) {
          const length = charactersOf(delta)
          if (length === 0) continue
          characters += length
          pieces += 1
        }
      }
    },
    hasBegun: () => pieces > 0,
    outputTokens: () => estimateOutputTokens(characters, pieces),
    usage,
    used: () => ({ ...tokensOf(usage()), isEstimated: told === undefined }),
  }
}

/** Of a whole answer. */
export function estimatedUsage(request: unknown, { choices }: ChatCompletion): TokenUsage {
  const characters = choices.reduce((sum, { message }) => sum + charactersOf(message), 0)
  return estimate(request, estimateOutputTokens(characters, 1))
}

/** Whether a provider told it, and can mean it. */
export function isPlausible(usage: TokenUsage | null | undefined): usage is TokenUsage {
  return isTokenCount(usage?.prompt_tokens) && isTokenCount(usage.completion_tokens)
}

export function tokensOf({ prompt_tokens, completion_tokens }: TokenUsage): Tokens {
  return { inputTokens: prompt_tokens, outputTokens: completion_tokens }
}

function estimate(request: unknown, outputTokens: number): TokenUsage {
  const inputTokens = estimateInputTokens(request)
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}

/** A message of a whole answer has the same parts as the deltas of one that streams. */
type Part = {
  content?: string | null | undefined
  refusal?: string | null | undefined
  reasoning_content?: string | null | undefined
  tool_calls?: readonly { function?: { name?: string; arguments?: string } }[] | undefined
}

function charactersOf({ content, refusal, reasoning_content, tool_calls }: Part): number {
  let characters = (content?.length ?? 0) + (refusal?.length ?? 0) + (reasoning_content?.length ?? 0)
  for (const call of tool_calls ?? [])
    characters += (call.function?.name?.length ?? 0) + (call.function?.arguments?.length ?? 0)
  return characters
}
