import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Accounts } from '../../accounts/accounts.ts'
import type { Credits } from '../../credits/credits.ts'
import type { Files } from '../../files/files.ts'
import type { FileTables } from '../../files/store.ts'
import type { Job, JobContext, JobHandler, Json } from '../../jobs/job.ts'
import { createJobStore, type JobTables } from '../../jobs/store.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Position } from '../../kit/csv/records.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { Serving } from '../../models/serving.ts'
import { type BatchFiles, createBatchFiles } from './batch-files.ts'
import { type Begin, openInput, rowsPerChunk, textFor, widthsOf } from './begin.ts'
import { type BatchWork, holdBatchAnew, settleBatch } from './bill.ts'
import { fieldOf } from './fields.ts'
import { type BatchOutcome, type BatchPayload, batchOutcome, batchPayload } from './payload.ts'
import { createRunner } from './run-rows.ts'
import { runSegment, type Segment, segmentWork } from './segment.ts'

/** Within the day that the queue waits. One that kept segments goes on behind them. */
const timeoutMs = 23 * 3600 * 1000
const maxAttempts = 5
const segmentStep = 'segment-'

/** Works on batches: segment by segment, each a step, so that a process that dies loses some seconds of work. */
export function createBatchHandler<Tables extends FileTables & JobTables>(dependencies: {
  serving: Pick<Serving, 'find'>
  files: Pick<Files, 'objects' | 'links' | 'listing'>
  credits: Pick<Credits, 'holdIn' | 'settleUpToIn' | 'paidIn' | 'deductUpToIn'>
  accounts: Pick<Accounts, 'owner'>
  ids: Ids
  clock: Clock
  log: Log
}): JobHandler<Tables> {
  const { serving, files, credits, accounts, ids, clock, log } = dependencies

  async function run(context: JobContext): Promise<Json> {
    const { job, signal, step } = context
    const batch = batchPayload.parse(job.payload)
    const owner = await accounts.owner(job.owner_id)
    if (!owner) throw new Problem('forbidden', 'The owner of the job may not use this server any more.')
    const target = { id: batch.model_id }
    const own = createBatchFiles(files, job)
    const runner = createRunner({ find: () => serving.find(owner, target), signal, clock })
    const model = await runner.model()
    const inputs = model.signature.inputs.map(fieldOf)
    const outputs = model.signature.outputs.map(fieldOf)
    const csv = batch.format === 'csv'
    const open = (offset: number) => own.openInput(batch, offset)
    const input = await openInput(batch.format, inputs, open)
    const begin = await step<Begin>('begin', async () => {
      const atOnce = rowsPerChunk(model)
      const probe = { outputs, input, csv, open, run: runner.run, rowsPerChunk: atOnce }
      return { rows_per_chunk: atOnce, widths: batch.output === 'csv' ? await widthsOf(probe) : [] }
    })
    const text = textFor(batch.output, outputs, begin.widths)

    const segments: Segment[] = []
    let rows = 0
    for (let next: Segment['next'] = input.begin; next !== null; ) {
      const from: Position = next
      const index = segments.length
      const done = rows
      const segment: Segment = await step<Segment>(`${segmentStep}${index}`, () =>
        runSegment({
          csv,
          from,
          open,
          reader: input.rows(begin.rows_per_chunk),
          rowsPerChunk: begin.rows_per_chunk,
          run: runner.run,
          text,
          store: (kind, source) => own.storePart(`${index}-${kind}-${ids.uuid()}`, source),
          signal,
          progress: some => context.progress(done + some, Math.max(batch.lines, done + some), 'rows'),
          elapsed: clock.elapsed,
        }),
      )
      segments.push(segment)
      rows += segment.rows
      next = segment.next
    }
    const outcome = outcomeOf(segments)
    await step('join', () => join(own, batch, text.head, segments))
    context.progress(rows, rows, 'rows')
    await own.removeParts().catch(error => log.warn('batch-parts-remain', { job_id: job.id, err: error }))
    return outcome
  }

  async function ended(db: Kysely<Tables>, job: Job): Promise<void> {
    const batch = batchPayload.parse(job.payload)
    const steps = await createJobStore(db).steps(job.id)
    await settleBatch(db, credits, job, batch, workOf(steps), ids.uuid())
    // Whoever can read it has paid.
    if (job.status === 'done') await publish(db as unknown as Kysely<FileTables>, job, batch)
  }

  async function publish(db: Kysely<FileTables>, job: Job, { output }: BatchPayload): Promise<void> {
    const own = createBatchFiles(files, job)
    await own.publishIn(db, `result.${output}`)
    if (batchOutcome.parse(job.result).has_errors) await own.publishIn(db, 'errors.jsonl')
  }

  return {
    kind: 'batch',
    queue: 'batch',
    maxAttempts,
    timeoutMs,
    run,
    ended,
    retried: (db, job) => holdBatchAnew(db, credits, job, batchPayload.parse(job.payload), ids.uuid()),
    forget: job => createBatchFiles(files, job).removeAll(),
  }
}

/** Of the segments that were kept. */
function workOf(steps: ReadonlyMap<string, Json>): BatchWork {
  const work = { goodRows: 0, workedMs: 0 }
  for (const [name, result] of steps) {
    if (!name.startsWith(segmentStep)) continue
    const { rows, failed_rows, worked_ms } = segmentWork.parse(result)
    work.goodRows += rows - failed_rows
    work.workedMs += worked_ms
  }
  return work
}

/** @throws Problem when there is nothing that could be predicted. */
function outcomeOf(segments: readonly Segment[]): BatchOutcome {
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0)
  const failed = segments.reduce((sum, segment) => sum + segment.failed_rows, 0)
  if (rows === 0) throw new Problem('invalid-request', 'The file has no rows.')
  const first = segments.find(segment => segment.first_bad !== null)?.first_bad
  if (failed === rows)
    throw new Problem('invalid-request', `None of the ${rows} rows could be predicted. The first, ${first}`)
  return { rows, failed_rows: failed, has_errors: failed > 0 }
}

async function join(
  own: BatchFiles,
  { output }: BatchPayload,
  head: string,
  segments: readonly Segment[],
): Promise<null> {
  const versions = (kind: 'result' | 'errors') => segments.flatMap(segment => segment[kind] ?? [])
  await own.join(`result.${output}`, head, versions('result'), output)
  const errors = versions('errors')
  if (errors.length > 0) await own.join('errors.jsonl', '', errors, 'jsonl')
  return null
}
