import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Problem, type Signature, type Tensor } from '@roundhouse/sdk/contract'
import { invariant } from '../kit/invariant.ts'
import type { Log } from '../kit/log.ts'
import { createTurnstile } from '../kit/turnstile.ts'
import type { FileStore } from '../ports/file-store.ts'
import type { ModelFacts, ModelRuntime, ModelSession } from '../ports/model-runtime.ts'
import { type BatchAnswer, type BatchReport, type BatchRequest, createBatcher } from './batcher.ts'
import { type Model, type ModelIdentity, modelLabel } from './model.ts'
import { addBatch, createStatistics, type ModelStatistics } from './statistics.ts'
import { type ExecutionPlan, homeOf, warmUp } from './warm-up.ts'

/** What loading needs to know of a version; an upload has it before there is a row. */
export type LoadSource = ModelIdentity & Pick<Model, 'file_key' | 'file_hash' | 'file_size_bytes'>

/** A model in memory, warm. */
export type LoadedModel = {
  readonly source: LoadSource
  readonly signature: Signature
  readonly facts: ModelFacts
  readonly plan: ExecutionPlan
  /** From the start of loading to warm, milliseconds. */
  readonly loadMs: number
  readonly loadedAt: number
  /** Of its file, once per session: each holds its own copy of the weights. */
  readonly sizeBytes: number
  readonly statistics: ModelStatistics
  run(request: BatchRequest): Promise<BatchAnswer>
  waiting(): { requests: number; rows: number }
  runningMs(): number
  /** False once a session has ended by itself: load the model again. */
  alive(): boolean
  /** Finishes what was accepted, then frees the memory. */
  close(): Promise<void>
}

export type Loader = {
  /**
   * @throws Problem `invalid-model`, `hash-mismatch`, `not-found`: this file will never load;
   * anything else may be tried again.
   */
  load(source: LoadSource, options?: { hashKnown?: boolean }): Promise<LoadedModel>
}

export type LoaderDependencies = {
  files: FileStore
  runtime: ModelRuntime
  log: Log
  now: () => number
  /** Sessions per model; each holds its own copy of the weights. */
  lanes: number
  /** Called after every batch, for metrics. */
  reportBatch: (source: LoadSource, batch: BatchReport) => void
}

/** Copies of larger models are not worth their memory. */
const largestModelOfSeveralLanesBytes = 64 * 1024 * 1024
const queueLimitRows = 4096
const maxWaitMs = 10_000
/** Two at a time: a large model must not make a small one wait, and ten must not load at once. */
const loadsAtATime = 2

export function createLoader({ files, runtime, log, now, lanes, reportBatch }: LoaderDependencies): Loader {
  const turnstile = createTurnstile(loadsAtATime)

  async function load(source: LoadSource, hashKnown: boolean): Promise<LoadedModel> {
    invariant(source.file_key !== null, `${modelLabel(source)} has a file`)
    const startedAt = now()
    const file = await files.local(source.file_key)
    const sessions: ModelSession[] = []
    try {
      if (!hashKnown) await checkHash(file.path, source)
      const facts = await runtime.inspect(file.path)
      const home = homeOf(facts)
      const session = await runtime.openSession(file.path, home)
      sessions.push(session)
      const plan = await warmUp(session, facts, source.file_size_bytes ?? 0, now)
      if (plan.place === 'inline') {
        sessions[0] = await runtime.openSession(file.path, 'inline')
        await session.close()
      } else {
        // The made-up inputs may have ended it.
        if (!session.alive()) sessions[0] = await runtime.openSession(file.path, home)
        const wanted = (source.file_size_bytes ?? 0) <= largestModelOfSeveralLanesBytes ? lanes : 1
        while (sessions.length < wanted) sessions.push(await runtime.openSession(file.path, home))
      }
      const loadMs = now() - startedAt
      log.info('model-load', {
        model: modelLabel(source),
        load_ms: Math.round(loadMs),
        session_ms: Math.round(session.loadMs),
        executor: plan.place,
        batching: plan.batching,
        max_batch_rows: plan.maxRows,
        ms_per_row: plan.msPerRow,
        ...(plan.note === null ? {} : { note: plan.note }),
      })
      return assemble(source, facts, plan, sessions, loadMs)
    } catch (error) {
      await Promise.allSettled(sessions.map(session => session.close()))
      throw error
    } finally {
      await file.release()
    }
  }

  function assemble(
    source: LoadSource,
    facts: ModelFacts,
    plan: ExecutionPlan,
    sessions: readonly ModelSession[],
    loadMs: number,
  ): LoadedModel {
    const statistics = createStatistics()
    const signature = sessions[0]?.signature
    invariant(signature, 'a loaded model has a session')
    const batcher = createBatcher({
      lanes: sessions.map(session => session.run),
      batching: plan.batching,
      maxRows: plan.maxRows,
      ...(plan.place === 'inline' ? { sliceRows: plan.maxRows } : {}),
      queueLimitRows,
      maxWaitMs,
      msPerRow: plan.msPerRow,
      now,
      report(batch) {
        if (batch.ok) addBatch(statistics, batch.rows, batch.computeMs)
        reportBatch(source, batch)
      },
    })
    return {
      source,
      signature,
      facts,
      plan,
      loadMs,
      loadedAt: now(),
      sizeBytes: (source.file_size_bytes ?? 0) * sessions.length,
      statistics,
      run(request) {
        const empty = facts.takesEmpty ? undefined : request.inputs.find(({ data }) => data.length === 0)
        return empty ? Promise.reject(needsElements(empty)) : batcher.run(request)
      },
      waiting: batcher.waiting,
      runningMs: batcher.runningMs,
      alive: () => sessions.every(session => session.alive()),
      async close() {
        await batcher.drain()
        await Promise.all(sessions.map(session => session.close()))
      },
    }
  }

  return { load: (source, options) => turnstile(() => load(source, options?.hashKnown ?? false)) }
}

function needsElements({ name, shape }: Tensor): Problem {
  return new Problem(
    'invalid-tensor',
    `Input ${name} has no elements: its shape is [${shape}]. An operator of this model needs at least one.`,
  )
}

async function checkHash(path: string, source: LoadSource): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash)
  if (hash.digest('hex') === source.file_hash) return
  throw new Problem(
    'hash-mismatch',
    `The stored file of ${modelLabel(source)} does not have its recorded sha256: it was changed or damaged. Upload a new version.`,
  )
}
