import { isProblem } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import type { Credits } from '../../credits/credits.ts'
import type { Hold } from '../../credits/within.ts'
import { createOutage } from '../../jobs/outage.ts'
import type { ProviderModel } from '../../providers/provider.ts'
import { creditsFor, type Tokens } from '../price.ts'

/** What a call of a model costs its caller, held before it begins. */
export type Payment = {
  /** More of output than that is neither held nor what the client asked for. */
  coveredTokens(): number
  /** Holds as much output again. False when the account has no more to spare, or the client wants no more. */
  extend(): Promise<boolean>
  /**
   * Settles what the tokens of the model that answered cost; beyond what was held as far as the account has it. How much
   * was taken. Goes on for a while where the database is away.
   */
  settle(model: ProviderModel, tokens: Tokens): Promise<number>
  release(): Promise<void>
}

export type OpenPayment = (order: {
  userId: string | null
  /** Those that may answer; the dearest is held for. */
  models: readonly ProviderModel[]
  /** Names the call among all of the user. */
  callId: string
  reason: string
  inputTokens: () => number
  /** The most that the client lets the model write; undefined when it did not say. */
  maxOutputTokens: number | undefined
}) => Promise<Payment>

/** Of a call that sets no limit: so much is held at a time. */
const outputTokensAtATime = 4096
/** Longer than any answer takes: what is held so long is of a process that died. */
const holdSeconds = 900
/** What an estimate of the output may be too high by: a provider knows the limit that it was given better. */
const slack = 2
const slackTokens = 256
/** For an answer that is given and could not be paid: whoever waits for its end has waited already. */
const insistMs = 5000

const nothingToPay: Payment = {
  coveredTokens: () => Number.POSITIVE_INFINITY,
  extend: async () => true,
  settle: async () => 0,
  release: async () => {},
}

/** Whether what a call takes is nothing to its caller, whichever of the models answers. */
export function isFree(userId: string | null, models: readonly ProviderModel[]): boolean {
  return (
    userId === null || models.every(({ inputPrice, outputPrice }) => inputPrice === 0 && outputPrice === 0)
  )
}

export function createPayments(dependencies: {
  credits: Pick<Credits, 'hold' | 'settle' | 'release' | 'deductUpToIn' | 'paidIn'>
  /** The server's own connections. */
  db: QueryExecutorProvider
}): OpenPayment {
  const { credits, db } = dependencies
  const outage = createOutage()

  return async ({ userId, models, callId, reason, inputTokens, maxOutputTokens }) => {
    if (userId === null || isFree(userId, models)) return nothingToPay
    const reference = `llm:${callId}`
    const outputTokens = maxOutputTokens ?? outputTokensAtATime
    const holds: NonNullable<Hold>[] = []

    async function hold(tokens: Tokens): Promise<void> {
      const bill = {
        userId,
        amount: Math.max(...models.map(model => creditsFor(model, tokens))),
        reason,
        reference: holds.length === 0 ? reference : `${reference}:${holds.length + 1}`,
      }
      const made = await credits.hold(bill, holdSeconds)
      if (made) holds.push(made)
    }

    await hold({ inputTokens: inputTokens(), outputTokens })
    let covered = outputTokens

    return {
      coveredTokens: () => (maxOutputTokens === undefined ? covered : slack * covered + slackTokens),
      async extend() {
        if (maxOutputTokens !== undefined) return false
        try {
          await hold({ inputTokens: 0, outputTokens })
        } catch (error) {
          if (isProblem(error) && error.code === 'insufficient-credits') return false
          throw error
        }
        covered += outputTokens
        return true
      },
      async settle(model, tokens) {
        const amount = creditsFor(model, tokens)
        const pay = async () => {
          let owed = amount
          let isAsHeld = true
          for (const held of holds) {
            const part = Math.min(owed, held.amount)
            if (part > 0) isAsHeld = (await credits.settle(held, part)) && isAsHeld
            else await credits.release(held)
            owed -= part
          }
          if (owed > 0)
            await credits.deductUpToIn(db, { userId, amount: owed, reason, reference: `${reference}:rest` })
          return isAsHeld && owed === 0 ? amount : credits.paidIn(db, userId, reference)
        }
        return outage.insist(pay, AbortSignal.timeout(insistMs))
      },
      async release() {
        for (const held of holds) await credits.release(held)
      },
    }
  }
}
