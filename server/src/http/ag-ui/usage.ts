import type { AgUiUsage } from './events.ts'

type Tokens = { readonly input_tokens: number; readonly output_tokens: number }

/** What the model calls that were told here have used, by provider and model. */
export type UsageTally = {
  speaks(provider: string, model: string): void
  add(tokens: Tokens): void
  /** Of a run whose steps nobody tells: a backend of the agent's own. */
  atLeast(total: Tokens): void
  /** Nothing where nothing was counted: a zero would say that it was. */
  told(): { usage?: readonly AgUiUsage[] }
}

export function createUsage(): UsageTally {
  const counted = new Map<string, AgUiUsage>()
  let speaker: { provider: string; model: string } | undefined

  function add({ input_tokens, output_tokens }: Tokens): void {
    if (input_tokens + output_tokens === 0) return
    const key = JSON.stringify(speaker ?? null)
    const { inputTokens = 0, outputTokens = 0 } = counted.get(key) ?? {}
    const [input, output] = [inputTokens + input_tokens, outputTokens + output_tokens]
    counted.set(key, {
      ...speaker,
      inputTokens: input,
      outputTokens: output,
      totalTokens: input + output,
    })
  }

  return {
    speaks(provider, model) {
      speaker = { provider, model }
    },
    add,
    atLeast(total) {
      if (counted.size === 0 && speaker === undefined) add(total)
    },
    told: () => (counted.size === 0 ? {} : { usage: [...counted.values()] }),
  }
}
