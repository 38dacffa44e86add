import type { RunEvent } from '@roundhouse/sdk/contract'
import type { Hold } from '../../credits/within.ts'
import type { Clock } from '../../kit/clock.ts'
import { invariant } from '../../kit/invariant.ts'
import type { Log } from '../../kit/log.ts'
import type { ChatBody, ChatMessage } from '../../ports/llm.ts'
import type { Providers, Target } from '../../providers/provider.ts'
import type { RunGuards } from '../guards/guards.ts'
import { Refusal } from '../guards/refusal.ts'
import type { Announced, RunStep, RunWork } from '../stream.ts'
import { createFold, type Fold } from './fold.ts'
import { createMeter, type Estimate, type Meter } from './meter.ts'
import type { Purse } from './purse.ts'
import { targetName } from './targets.ts'

export type Order = {
  /** The turn, as events name it. */
  readonly step: number
  readonly targets: readonly Target[]
  readonly request: ChatBody
  /** Aborted with the work's, and when the run's time is over. */
  readonly signal: AbortSignal
}

/** What came of one call, and how it ended. */
export type Heard = {
  /** Who spoke, or was asked last. */
  readonly target: Target
  readonly startedAt: Date
  readonly firstTokenMs: number | null
  readonly meter: Meter
  readonly text: string
  /** What rules of the agent did, for the attributes of the step. */
  readonly guarded: Readonly<Record<string, unknown>>
  readonly end:
    | { readonly kind: 'whole'; readonly message: ChatMessage; readonly finishReason: string }
    /** By a limit of the run. */
    | { readonly kind: 'cut'; readonly finishReason: 'credits' | 'seconds' }
    /** By the signal of the run's work. */
    | { readonly kind: 'stopped' }
    | { readonly kind: 'failed'; readonly error: unknown }
}

/** Of an answer in whose place a rule says something. */
export const refusedReason = 'guardrail-refused'

/**
 * Listens to one call of a model and tells of what it says. Never rejects.
 * @param announced Whom the readers expect to speak, from the event with number `after` on.
 */
export async function listen(
  dependencies: {
    providers: Pick<Providers, 'stream'>
    clock: Clock
    log: Log
    purse: Purse
    guards: RunGuards | null
  },
  { run, stream, signal: workSignal }: Pick<RunWork, 'run' | 'stream' | 'signal'>,
  order: Order,
  money: { estimate: Estimate; hold: Hold; steps: readonly RunStep[] },
  { announced, after }: { announced: Speaker; after: Promise<number> },
): Promise<Heard> {
  const { providers, clock, log, purse, guards } = dependencies
  const { step, targets, request, signal } = order
  const meter = createMeter(money.estimate, money.hold, money.steps)
  const guard = guards === null ? null : guards.output()
  const fold = createFold(step, { event: stream.append, produced: meter.count, usage: meter.told }, guard)
  const startedAt = new Date(clock.now())
  const began = clock.elapsed()
  const [first] = targets
  invariant(first, 'an agent has a model')
  let target = first
  let firstTokenMs: number | null = null
  let isSpeaking = false
  const heard = (end: Heard['end'], text = fold.text()): Heard => ({
    target,
    startedAt,
    firstTokenMs,
    meter,
    text,
    guarded: guard === null ? {} : guard.told(),
    end,
  })

  try {
    const observer = {
      attempt(next: Target) {
        target = next
      },
    }
    for await (const chunks of providers.stream(targets, request, signal, observer)) {
      if (!isSpeaking) {
        isSpeaking = true
        // Nothing is said before its place is known: what breaks off is taken back from there.
        const place = await after
        const speaker = speakerOf(target)
        if (speaker.provider !== announced.provider || speaker.model !== announced.model) {
          stream.append(restart(step, place, speaker))
          log.info('run-restart', { run_id: run.id, step, backend: targetName(target), reason: 'fallback' })
        }
      }
      for (const chunk of chunks) fold.add(chunk)
      await stream.room()
      if (firstTokenMs === null && meter.hasProduced()) firstTokenMs = clock.elapsed() - began
      if (fold.finishReason() === null && meter.isSpent(target.model)) {
        if (!money.estimate.canGrow || !(await purse.extend()))
          return await settled(() => ({ kind: 'cut', finishReason: 'credits' }))
        meter.extend()
      }
    }
    return await settled(() => endOf(fold))
  } catch (error) {
    const end = brokenBy(error)
    if (end.kind === 'cut') return await settled(() => end)
    return instead(error) ?? heard(end)
  }

  /** What was held back is told first. */
  async function settled(end: () => Heard['end']): Promise<Heard> {
    if (guard === null) return heard(end())
    try {
      await fold.settle(guard)
      return heard(end())
    } catch (error) {
      return instead(error) ?? heard(brokenBy(error))
    }
  }

  /** What a rule that refuses the answer says in its place; undefined where it says nothing. */
  function instead(error: unknown): Heard | undefined {
    if (!(error instanceof Refusal) || error.say === null || workSignal.aborted) return undefined
    const { say } = error
    stream.append({ type: 'text-delta', step, text: say })
    const message = { role: 'assistant', content: say } as const
    return heard({ kind: 'whole', message, finishReason: refusedReason }, say)
  }

  function endOf(complete: Fold): Heard['end'] {
    const finishReason = complete.finishReason()
    if (finishReason !== null) return { kind: 'whole', message: complete.end(), finishReason }
    return brokenBy(new Error('A stream ended without a finish_reason.'))
  }

  function brokenBy(error: unknown): Heard['end'] {
    if (workSignal.aborted) return { kind: 'stopped' }
    if (error instanceof Refusal) return { kind: 'failed', error }
    if (signal.aborted) return { kind: 'cut', finishReason: 'seconds' }
    return { kind: 'failed', error }
  }
}

/** Who answers, as readers are told. */
export type Speaker = Pick<Announced, 'provider' | 'model'>

export function speakerOf({ provider, model }: Target): Speaker {
  return { provider, model: model.name }
}

/** What came behind number `after` is said again. */
export function restart(step: number, after: number, { provider, model }: Speaker): RunEvent {
  return { type: 'step-restart', step, after, provider, model }
}
