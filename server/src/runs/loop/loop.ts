import { Problem } from '@roundhouse/sdk/contract'
import type { Credits } from '../../credits/credits.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { Providers } from '../../providers/provider.ts'
import type { Guards } from '../guards/guards.ts'
import type { RunStop } from '../run.ts'
import type { RunLoop, RunOutcome, RunTotals, RunWork } from '../stream.ts'
import type { Toolbox } from '../tool.ts'
import { nextRequest } from './conversation.ts'
import { limitReached, workLeftMs } from './limits.ts'
import { askModel } from './model-step.ts'
import { outputErrors } from './output.ts'
import { createProgress, type Progress } from './progress.ts'
import { createPurse, type Purse } from './purse.ts'
import { askRemote } from './remote.ts'
import type { RunPrice } from './run-price.ts'
import { createCheck } from './schema.ts'
import { targetsOf } from './targets.ts'
import { createReadArguments } from './tool-arguments.ts'
import { callTools } from './tool-calls.ts'
import { verdictOf } from './verdict.ts'

export type LoopDependencies = {
  readonly providers: Providers
  readonly toolbox: Toolbox
  readonly guards: Pick<Guards, 'of'>
  readonly credits: Pick<Credits, 'hold' | 'settle' | 'release'>
  readonly runPrice: RunPrice
  /** What backends of agents know us by; null where none is set. */
  readonly remoteSecret: string | null
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** An inline run is handed to a worker at the first step that ends after this. */
  readonly inlineMs: number
}

/** An outcome without what is added to each in the same way. */
type Bare = RunOutcome extends infer Outcome
  ? Outcome extends RunOutcome
    ? Omit<Outcome, keyof RunTotals | 'isFree'>
    : never
  : never

/** The model is asked again so often for an answer that keeps to the schema. */
const mostObjections = 1

export function createLoop(dependencies: LoopDependencies): RunLoop {
  const { clock } = dependencies

  return async work => {
    const progress = createProgress(work)
    const purse = createPurse(dependencies, work.held, work.signal)
    const over = new AbortController()
    const leftMs = workLeftMs(work.run, work.steps)
    const stopTimer = leftMs === null ? () => {} : clock.after(leftMs, () => over.abort())
    const signal = AbortSignal.any([work.signal, over.signal])
    let outcome: Bare
    let isRecorded = false
    try {
      outcome = await (work.mode === 'remote'
        ? askRemote(dependencies, progress, purse, signal)
        : goOn(dependencies, progress, purse, signal))
      isRecorded = true
    } catch (error) {
      outcome = work.signal.aborted ? stopped(work, progress.output()) : failed(error, progress.output())
    } finally {
      stopTimer()
    }
    const goesOn = outcome.kind === 'waiting' || outcome.kind === 'promote' || outcome.kind === 'left'
    // For a step that is not written down whoever has the run next holds under the same name: it is theirs to settle.
    if (goesOn && isRecorded && work.signal.reason !== 'lost') await purse.close()
    const backend = progress.backend()
    const totals = { ...progress.totals(), ...(backend === undefined ? {} : { backend }) }
    const isFree = outcome.kind === 'done' && work.held === null && !purse.hasHeld()
    return isFree ? { ...outcome, ...totals, isFree } : { ...outcome, ...totals }
  }
}

/** Turn after turn: what is to be done next follows from what was recorded, so that a run can be taken up anywhere. */
async function goOn(
  dependencies: LoopDependencies,
  progress: Progress,
  purse: Purse,
  signal: AbortSignal,
): Promise<Bare> {
  const { providers, toolbox, runPrice, clock, inlineMs } = dependencies
  const { work } = progress
  const { run } = work
  const { config } = run
  // Its last process died between the answer and the end.
  const known = verdictOf(progress.lastAnswer())
  if (known !== null) return done(progress, known)
  const startedAt = clock.elapsed()
  const guards = dependencies.guards.of(run, work.signal)
  const readArguments = createReadArguments()
  const targets = targetsOf(providers, config)
  const tools = await toolbox(config, work.caller)
  const fixed = config.price + (await runPrice())
  const check = config.output_schema === null ? null : await createCheck(config.output_schema)
  const objection = (text: string) => (check === null ? null : outputErrors(text, check))

  for (;;) {
    const verdict = verdictOf(progress.lastAnswer())
    if (verdict !== null) return done(progress, verdict)
    if (work.signal.aborted) return stopped(work, progress.output())

    const isOpen = progress.openCalls().length > 0
    if (!isOpen) {
      const fault = faultOf(progress)
      const standing = { turns: progress.turns(), totals: progress.totals(), isOver: signal.aborted }
      const reached = limitReached(run, standing)
      if (fault && (reached || progress.objections() > mostObjections))
        return failed(fault, progress.output())
      if (reached) return done(progress, reached)
    }
    // Whoever waits for it may be a worker.
    if (work.mode === 'inline' && run.depth === 0 && clock.elapsed() - startedAt > inlineMs)
      return { kind: 'promote', reason: 'time' }
    if (isOpen) {
      const halt = await callTools({ ...dependencies, purse, readArguments, guards }, progress, tools, signal)
      if (halt?.kind === 'unaffordable') return done(progress, 'credits')
      if (halt) return halt
      continue
    }

    const request = nextRequest(run, progress.steps(), tools)
    const halt = await askModel({ ...dependencies, purse, guards }, progress, {
      targets,
      request,
      fixed,
      objection,
      signal,
    })
    if (halt?.kind === 'unaffordable') return done(progress, 'credits')
    if (halt?.kind === 'stopped') return stopped(work, halt.text || progress.output())
    if (halt?.kind === 'failed') return failed(halt.error, halt.text || progress.output())
  }
}

/** Of an answer that is not in the form the agent is to keep to. */
function faultOf(progress: Progress): Problem | null {
  const errors = progress.lastAnswer()?.attributes.output_errors
  if (errors === undefined) return null
  return new Problem('output-invalid', `The answer does not keep to the schema of the agent: ${errors}.`)
}

function done(progress: Progress, stopped: RunStop): Bare {
  return { kind: 'done', output: progress.output(), stopped }
}

function failed(error: unknown, output: string): Bare {
  return { kind: 'failed', error, output: output || null }
}

function stopped({ signal }: RunWork, output: string): Bare {
  return signal.reason === 'cancelled' ? { kind: 'cancelled', output: output || null } : { kind: 'left' }
}
