import type { AgentConfig } from '@roundhouse/sdk/contract'
import type { Bill, Hold } from '../../credits/within.ts'
import type { ChatBody, TokenUsage } from '../../ports/llm.ts'
import type { ProviderModel, Target } from '../../providers/provider.ts'
import {
  costMicrosFor,
  estimateInputTokens,
  estimateOutputTokens,
  isTokenCount,
  type Tokens,
} from '../price.ts'
import type { Run, RunUsage } from '../run.ts'
import type { RunStep } from '../stream.ts'

/** What one call of a model may cost. */
export type Estimate = {
  /** Whole credits to be held. */
  readonly amount: number
  /** Of these, what is paid once per run. */
  readonly fixed: number
  /** Whether what is held pays for the question; without that there is no use in asking. */
  readonly isEnough: boolean
  /** The agent limits neither tokens nor credits: what is held is a first part, and can grow. */
  readonly canGrow: boolean
  readonly inputTokens: number
}

/** What it came to. */
export type Cost = {
  readonly usage: RunUsage
  /** Whole credits, never more than was held. */
  readonly credits: number
  readonly costMicros: number
  /** For the attributes of the step: what the next steps go on counting from. */
  readonly paid: { readonly micro_credits: number; readonly fixed_credits: number }
}

const million = 1_000_000
/** Held for an agent that says no `max_tokens`, at a time. */
const outputTokensAtATime = 4096
/** Few texts have more per token: what is cut off for its length has surely spent the hold. */
const mostCharactersPerToken = 6

/**
 * The most that a call of one of the targets may cost, from its text alone: the same call gives the same amount, so that
 * after a crash it is held under the same reference.
 * @param steps What the run has done.
 * @param fixed Credits paid once per run.
 */
export function worstCase(
  run: Pick<Run, 'config' | 'isCharged' | 'ownerId'>,
  steps: readonly RunStep[],
  call: { targets: readonly Target[]; request: ChatBody; fixed: number },
): Estimate {
  const inputTokens = estimateInputTokens(call.request)
  if (!isPaid(run)) return { amount: 0, fixed: 0, isEnough: true, canGrow: false, inputTokens }
  const fixed = steps.some(step => typeof step.attributes.fixed_credits === 'number') ? 0 : call.fixed
  const inputPrice = Math.max(0, ...call.targets.map(({ model }) => model.inputPrice))
  const outputPrice = Math.max(0, ...call.targets.map(({ model }) => model.outputPrice))
  const input = inputTokens * inputPrice
  const output = (run.config.max_tokens ?? outputTokensAtATime) * outputPrice
  const wanted = fixed + Math.ceil((input + output) / million)
  const amount = Math.min(wanted, Math.max(fixed, leftOf(run.config, steps)))
  const { max_tokens, limits } = run.config
  return {
    amount,
    fixed,
    isEnough: amount === wanted || (amount - fixed) * million > input,
    canGrow: max_tokens === null && typeof limits.max_credits !== 'number',
    inputTokens,
  }
}

/** What is held for the step. The amount is part of the name: after a price was changed it is another hold. */
export function stepBill(
  run: Pick<Run, 'id' | 'ownerId'>,
  n: number,
  amount: number,
  reason = `run ${run.id}`,
): Bill {
  return { userId: run.ownerId, amount, reason, reference: `run:${run.id}:${n}:${amount}` }
}

/** Of a backend of the agent's own, whose tokens are not ours to sell. */
export function remoteBill(run: Pick<Run, 'id' | 'ownerId' | 'isCharged'>, n: number, fixed: number): Bill {
  return stepBill(run, n, isPaid(run) ? fixed : 0)
}

/** Counts one stream of chunks against what is held for it. */
export type Meter = {
  /** Of text that came, and of the arguments of tools. */
  count(characters: number): void
  /** The last one counts. What makes no sense is passed over. */
  told(usage: TokenUsage): void
  /** Whether more would cost more than is held. */
  isSpent(model: ProviderModel): boolean
  /** As much again is held. */
  extend(): void
  /** Whether anything came that costs. */
  hasProduced(): boolean
  cost(model: ProviderModel): Cost
}

/** @param steps What the run has done before. */
export function createMeter(estimate: Estimate, hold: Hold, steps: readonly RunStep[]): Meter {
  const step = hold?.amount ?? Number.POSITIVE_INFINITY
  let held = step
  const spentBefore = steps.reduce((sum, { attributes }) => sum + numberOf(attributes.micro_credits), 0)
  let characters = 0
  let pieces = 0
  let usage: Tokens | undefined

  /** Whole credits of the run grow with what was spent in all, so that many small steps are not each rounded up. */
  function creditsOf(model: ProviderModel, tokens: Tokens): { micros: number; credits: number } {
    if (hold === null) return { micros: 0, credits: 0 }
    const micros = microCredits(model, tokens)
    const whole = Math.ceil((spentBefore + micros) / million) - Math.ceil(spentBefore / million)
    return { micros, credits: Math.min(held, estimate.fixed + whole) }
  }

  return {
    count(length) {
      characters += length
      pieces += 1
    },
    told(told) {
      const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = told
      if (isTokenCount(inputTokens) && isTokenCount(outputTokens)) usage = { inputTokens, outputTokens }
    },
    isSpent(model) {
      const outputTokens = Math.max(pieces, characters / mostCharactersPerToken)
      return (
        microCredits(model, { inputTokens: estimate.inputTokens, outputTokens }) >
        (held - estimate.fixed) * million
      )
    },
    extend() {
      held += step
    },
    hasProduced: () => pieces > 0 || usage !== undefined,
    cost(model) {
      const tokens = usage ?? {
        inputTokens: estimate.inputTokens,
        outputTokens: estimateOutputTokens(characters, pieces),
      }
      const { micros, credits } = creditsOf(model, tokens)
      return {
        usage: { ...tokens, isEstimated: usage === undefined },
        credits,
        costMicros: costMicrosFor(model, tokens),
        paid: { micro_credits: micros, fixed_credits: estimate.fixed },
      }
    },
  }
}

/** The house and those who have paid themselves pay nothing. */
export function isPaid(run: Pick<Run, 'isCharged' | 'ownerId'>): boolean {
  return run.isCharged && run.ownerId !== null
}

/** Credits that the agent lets the run spend yet. */
export function leftOf({ limits }: AgentConfig, steps: readonly RunStep[]): number {
  if (typeof limits.max_credits !== 'number') return Number.POSITIVE_INFINITY
  return limits.max_credits - steps.reduce((sum, { credits }) => sum + credits, 0)
}

function microCredits(model: ProviderModel, { inputTokens, outputTokens }: Tokens): number {
  return inputTokens * model.inputPrice + outputTokens * model.outputPrice
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
