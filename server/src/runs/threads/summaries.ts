import type { Credits } from '../../credits/credits.ts'
import type { CreditsWithin } from '../../credits/within.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import type { ChatBody } from '../../ports/llm.ts'
import type { Providers, Target } from '../../providers/provider.ts'
import { createMeter, isPaid, worstCase } from '../loop/meter.ts'
import { targetsOf } from '../loop/targets.ts'
import type { Run } from '../run.ts'
import { type Forgotten, forgotten, storeSummary } from '../threads.ts'
import { createThreadStore } from './store.ts'

/** Sums up what threads have grown by, behind the answers: nobody waits for it. */
export type Summaries = {
  /**
   * Of the thread of a run that has ended. Fulfils when the summary is stored and paid, or there is none: then the thread
   * is shown as it was, and a later run tries again. Never rejects.
   */
  make(run: Run): Promise<void>
  /** Ends those under way, which cost nothing then. */
  close(): Promise<void>
}

const mostTokens = 1000
const mostMs = 20_000
const mostAtOnce = 16
/** Longer than one takes: what is held so long is of a process that died. */
const holdSeconds = 120
const instruction =
  'Summarise the conversation below for the assistant, who will go on with it and sees only your summary: what the user wants, what was found out and decided, names and numbers, what is open. At most 300 words, no preamble.'

export function createSummaries<Tables>(dependencies: {
  providers: Pick<Providers, 'complete' | 'find' | 'findFor' | 'withFallbacks'>
  credits: Pick<Credits, 'hold' | 'release'> & Pick<CreditsWithin, 'settleIn'>
  database: Database<Tables>
  clock: Clock
  log: Log
}): Summaries {
  const { providers, credits, database, clock, log } = dependencies
  const underWay = new Set<Promise<void>>()
  const stop = new AbortController()

  /** One call of the agent's own model, which is paid as a step of the run. */
  async function summarise(run: Run, threadId: string): Promise<void> {
    const old = await forgotten(database.system, threadId, run.config.memory)
    if (!old) return
    const request = requestOf(old)
    const targets = targetsOf(providers, run.config)
    const estimate = worstCase(limited(run), [], { targets, request, fixed: 0 })
    const [first] = targets
    if (!estimate.isEnough || !first) return
    const { id, ownerId } = run
    const userId = isPaid(run) ? ownerId : null
    const reference = `run:${id}:summary`
    const hold = await credits.hold(
      { userId, amount: estimate.amount, reason: `run ${id}`, reference },
      holdSeconds,
    )
    let isPaidFor = false
    let answering: Target = first
    try {
      const observer = {
        attempt(next: Target) {
          answering = next
        },
      }
      const startedAt = new Date(clock.now())
      const { choices, usage } = await inTime(mostMs, signal =>
        providers.complete(targets, request, signal, observer),
      )
      const summary = choices[0]?.message.content ?? ''
      if (summary === '') return
      const meter = createMeter(estimate, hold, [])
      meter.count(summary.length)
      if (usage) meter.told(usage)
      const { paid, ...cost } = meter.cost(answering.model)
      const { provider, model } = answering
      const step = {
        name: `${provider}/${model.name}`,
        attributes: { provider, model: model.name, purpose: 'summary', ...paid },
        startedAt,
        endedAt: new Date(clock.now()),
        ...cost,
      }
      isPaidFor = await database.asSystem(async db => {
        if (!(await storeSummary(db, threadId, summary, old.span))) return false
        await createThreadStore(db).recordSummary(id, step)
        return hold !== null && cost.credits > 0 && (await credits.settleIn(db, hold.id, cost.credits))
      })
    } finally {
      if (!isPaidFor) await credits.release(hold)
    }
  }

  /** @throws the reason of the signal when it takes longer, or the process stops. */
  async function inTime<Result>(
    limitMs: number,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const over = new AbortController()
    const stopTimer = clock.after(limitMs, () => over.abort())
    try {
      return await work(AbortSignal.any([stop.signal, over.signal]))
    } finally {
      stopTimer()
    }
  }

  return {
    make(run) {
      const { threadId, config, mode, stopped } = run
      const isWanted = config.memory.summarise && mode !== 'remote' && stopped === 'answered'
      if (threadId === null || !isWanted || stop.signal.aborted || underWay.size >= mostAtOnce)
        return Promise.resolve()
      const making = summarise(run, threadId)
        .catch(error => log.warn('run-summary-fail', { run_id: run.id, err: error }))
        .finally(() => underWay.delete(making))
      underWay.add(making)
      return making
    },

    async close() {
      stop.abort()
      await Promise.all(underWay)
    },
  }
}

/** With what the agent's limit of credits leaves of it. */
function limited(run: Run): Run {
  const { config, credits } = run
  const { max_credits } = config.limits
  const limits = typeof max_credits === 'number' ? { max_credits: Math.max(0, max_credits - credits) } : {}
  return { ...run, config: { ...config, max_tokens: mostTokens, limits } }
}

function requestOf({ summary, messages }: Forgotten): ChatBody {
  const said = messages.map(({ role, content }) => `${role}: ${content}`)
  return {
    messages: [
      { role: 'system', content: instruction },
      { role: 'user', content: [...(summary ? [`Before: ${summary}`] : []), ...said].join('\n\n') },
    ],
    max_tokens: mostTokens,
  }
}
