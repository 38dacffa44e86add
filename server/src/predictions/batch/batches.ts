import type { Readable, Transform } from 'node:stream'
import { type BatchFormat, type BatchResult, Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Caller } from '../../accounts/caller.ts'
import type { Credits } from '../../credits/credits.ts'
import type { Files } from '../../files/files.ts'
import type { FileTables } from '../../files/store.ts'
import type { Job, Jobs } from '../../jobs/job.ts'
import type { Ids } from '../../kit/ids.ts'
import { modelLabel, storedSignature } from '../../models/model.ts'
import type { Serving } from '../../models/serving.ts'
import type { WithinTransaction } from '../../ports/database.ts'
import { createArriving } from './arriving.ts'
import { createBatchFiles } from './batch-files.ts'
import { batchBill, holdSeconds } from './bill.ts'
import { fieldOf } from './fields.ts'
import {
  type BatchPayload,
  batchBucket,
  batchFolder,
  batchOutcome,
  batchPayload,
  contentTypes,
} from './payload.ts'

export type BatchRequest = {
  modelId: string
  format: BatchFormat
  /** As the input when absent. */
  output?: BatchFormat | undefined
  priority?: number | undefined
  /** Left as it is when the batch is refused. */
  source: Readable
  /** Called once the source was read: what came behind it may be at fault. */
  finish?: (() => Promise<void>) | undefined
}

export type Batches = {
  /**
   * Stores the input; once it is there the job is, and the credits for as many rows as it has lines are held.
   * @throws Problem `model-not-found`, `model-state`, `invalid-request` (first line, no rows), `insufficient-credits`,
   *   `forbidden`, and what storing an object throws. Nothing is kept then.
   */
  create(caller: Caller, request: BatchRequest, within?: WithinTransaction<Job>): Promise<Job>
  /** Of a batch that is done, with links good for an hour. @throws Problem `object-not-found` when a file was removed. */
  result(job: Job): Promise<BatchResult>
}

export function createBatches<Tables extends FileTables>(dependencies: {
  serving: Pick<Serving, 'row'>
  files: Pick<Files, 'objects' | 'links' | 'listing'>
  jobs: Pick<Jobs<Tables>, 'add'>
  credits: Pick<Credits, 'holdIn' | 'prices'>
  ids: Ids
  /** Where this server is reached, without a slash at the end. */
  publicUrl: string
}): Batches {
  const { serving, files, jobs, credits, ids, publicUrl } = dependencies

  return {
    async create(caller, { modelId, format, output = format, priority, source, finish }, within) {
      if (caller.userId === null && caller.role !== 'service')
        throw new Problem('forbidden', 'This credential belongs to no user, so it cannot own a batch.')
      const model = await serving.row(caller, { id: modelId })
      if (model.status !== 'ready')
        throw new Problem(
          'model-state',
          `Model ${modelLabel(model)} cannot predict: its status is ${model.status}.`,
        )
      const inputs = storedSignature(model).inputs.map(fieldOf)
      const prices = await credits.prices()
      const owned = { owner_id: caller.userId, id: ids.uuid() }
      const arriving = createArriving(format, inputs)
      let made: Job | undefined
      flowInto(source, arriving.stream)
      const storing = files.objects.putFor(caller.userId, {
        bucket: batchBucket,
        name: `${batchFolder(owned)}/input.${format}`,
        source: arriving.stream,
        contentType: contentTypes[format],
        upsert: false,
        async finish() {
          await finish?.()
          return {}
        },
        async alongside(db, { version }) {
          const lines = arriving.lines()
          if (lines === 0) throw new Problem('invalid-request', 'The file has no rows.')
          const price = caller.userId === null ? 0 : model.price
          const reason = `batch ${modelLabel(model)}`
          const bill = batchBill(owned, { lines, price, reason })
          await credits.holdIn(db, bill, holdSeconds)
          const payload: BatchPayload = {
            model_id: modelId,
            format,
            output,
            input_version: version,
            lines,
            price,
            second_price: prices.get('heavy-second') ?? 0,
            reason,
          }
          const own = db as unknown as Kysely<Tables>
          const job = { id: owned.id, kind: 'batch', ownerId: caller.userId, payload }
          made = await jobs.add(own, priority === undefined ? job : { ...job, priority })
          await within?.(own, made)
        },
      })
      await storing.catch(error => {
        // Why the stream ended, not that it did.
        throw arriving.stream.errored ?? error
      })
      if (!made) throw new Error('An object was stored without what belongs to it.')
      return made
    },

    async result(job) {
      const batch = batchPayload.parse(job.payload)
      const { rows, failed_rows, has_errors } = batchOutcome.parse(job.result)
      const own = createBatchFiles(files, job)
      const linked = async (name: string) => {
        const { bucket, name: path, token, expiresAt } = await own.link(name)
        const url = `${publicUrl}/storage/v1/object/sign/${bucket}/${path}?token=${token}`
        return { bucket, name: path, url, expires_at: expiresAt.toISOString() }
      }
      return {
        rows,
        failed_rows,
        file: await linked(`result.${batch.output}`),
        errors_file: has_errors ? await linked('errors.jsonl') : null,
      }
    },
  }
}

/** A pipeline would destroy the source, and with it the connection that the refusal is to be sent by. */
function flowInto(source: Readable, stream: Transform): void {
  // The store may not listen yet.
  stream.on('error', () => {})
  source.on('error', error => stream.destroy(error))
  source.once('close', () => {
    if (!source.readableEnded) stream.destroy(new Problem('client-closed', 'The client went away.'))
  })
  stream.once('close', () => source.unpipe(stream))
  source.pipe(stream)
}
