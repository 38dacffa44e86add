import {
  batchResult,
  createJob,
  type Job as JobBody,
  type JobStatus,
  job as jobBodySchema,
  jobList,
  jobPending,
  listJobs,
  modelJobResult,
  Problem,
  parseJson,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Job, JobSummary } from '../../jobs/job.ts'
import { modelJobResultJson } from '../../predictions/model-job.ts'
import { callerOf } from '../authenticate.ts'
import { bytesOf, exceptBody, readBodiesAsBytes } from '../body.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { createEventStreams, type ServerEvent } from '../event-stream.ts'
import { keepAnswer } from '../idempotency.ts'
import { decodeCursor, idParams, jobBody, pageOf } from '../wire.ts'

const reading = { scopes: ['read', 'predict'] } as const
const changing = { scopes: ['predict'] } as const
/** More rows than that are for a batch. */
const maxBodyBytes = 1024 * 1024
/** Where the page before ended: milliseconds since the epoch, and the id. */
const jobCursor = z
  .string()
  .regex(/^\d{1,15}_[0-9a-f-]{36}$/)
  .transform(text => {
    const [at = '', id = ''] = text.split('_')
    return { created_at: new Date(Number(at)), id: z.uuid().parse(id) }
  })

/** Work in the background: its state, its result, and its end. */
export async function jobRoutes(
  scope: FastifyInstance,
  { jobs, modelJobs, batches }: Pick<HttpDependencies, 'jobs' | 'modelJobs' | 'batches'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const sendEvents = createEventStreams(scope)
  const tags = ['Jobs']

  await app.register(async bytes => {
    readBodiesAsBytes(bytes, maxBodyBytes)
    bytes.withTypeProvider<ZodTypeProvider>().post(
      '/api/v1/jobs',
      {
        config: changing,
        validatorCompiler: exceptBody,
        schema: {
          tags,
          summary: 'Predict when there is time for it; the price is held until then',
          body: createJob,
          response: { 201: jobBodySchema },
        },
      },
      async (request, reply) => {
        const body = await bytesOf(request, reply, maxBodyBytes)
        const { model_id: modelId, input_data: inputData, priority } = readJob(body)
        const order = { modelId, inputData, priority }
        reply.code(201)
        return jobBody(await modelJobs.create(callerOf(request), order, keepAnswer(request, reply, jobBody)))
      },
    )
  })

  app.get(
    '/api/v1/jobs',
    {
      config: reading,
      schema: {
        tags,
        summary: 'Your jobs, newest first; for administrators those of everyone',
        querystring: listJobs,
        response: { 200: jobList },
      },
    },
    async request => {
      const { limit, cursor, status, kind } = request.query
      const before = decodeCursor(cursor, jobCursor)
      const rows = await jobs.list(callerOf(request), { status, kind, limit: limit + 1, before })
      return pageOf(rows, limit, jobBody, last => `${last.created_at.getTime()}_${last.id}`)
    },
  )

  app.get(
    '/api/v1/jobs/:id',
    {
      config: reading,
      schema: { tags, summary: 'One job', params: idParams, response: { 200: jobBodySchema } },
    },
    async request => jobBody(await jobs.get(callerOf(request), request.params.id)),
  )

  app.get(
    '/api/v1/jobs/:id/result',
    {
      config: reading,
      schema: {
        tags,
        summary:
          'What the job gave: a prediction, the file of a batch, or what a task returned. 202 while it has not ended, 422 when it failed, 409 when it was cancelled',
        params: idParams,
        response: { 200: z.union([modelJobResult, batchResult]), 202: jobPending },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const job = await jobs.get(caller, request.params.id)
      const { id, status } = job
      refuseWithoutResult(job)
      if (status !== 'done') return reply.code(202).header('retry-after', '1').send({ id, status })
      return sendJson(reply, await resultJson(await jobs.getWhole(caller, id)))
    },
  )

  app.get(
    '/api/v1/jobs/:id/events',
    {
      config: { ...reading, ownDeadline: true },
      schema: {
        tags,
        summary:
          'The job now and after each change, as server-sent events `job`, until it has ended; `shutdown` when the server stops before; 204 for a client that has seen the end',
        params: idParams,
      },
    },
    (request, reply) => {
      const caller = callerOf(request)
      const { id } = request.params
      const { seen, sawEnd } = lastSeen(request)
      // Only so does an EventSource stop to come back.
      if (sawEnd) return reply.code(204).send()
      return sendEvents(caller, reply, signal => toEvents(jobs.watch(caller, id, signal), seen))
    },
  )

  app.post(
    '/api/v1/jobs/:id/cancel',
    {
      config: changing,
      schema: {
        tags,
        summary: 'End a job that waits, or tell one that runs to stop; nothing happens to one that has ended',
        params: idParams,
        response: { 200: jobBodySchema },
      },
    },
    async request => jobBody(await jobs.cancel(...(await toChange(request)))),
  )

  app.post(
    '/api/v1/jobs/:id/retry',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Begin a job that failed or was cancelled anew; it costs what it did',
        params: idParams,
        response: { 200: jobBodySchema },
      },
    },
    async request => jobBody(await jobs.retry(...(await toChange(request)))),
  )

  app.delete(
    '/api/v1/jobs/:id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Remove a job that has ended, with its result',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await jobs.remove(...(await toChange(request)))
      return reply.code(204).send(null)
    },
  )

  /** A key of the house that may predict is not meant to stop the work of the house. */
  async function toChange(
    request: FastifyRequest<{ Params: z.infer<typeof idParams> }>,
  ): Promise<[caller: Caller, id: string]> {
    const caller = callerOf(request)
    const { id } = request.params
    if (!caller.scopes.has('admin')) {
      const { kind } = await jobs.get(caller, id)
      if (kind !== 'model' && kind !== 'batch')
        throw new Problem('forbidden', `This needs a credential with the scope admin.`)
    }
    return [caller, id]
  }

  async function resultJson(job: Job): Promise<string> {
    if (job.kind === 'model') return modelJobResultJson(job)
    return JSON.stringify(job.kind === 'batch' ? await batches.result(job) : job.result)
  }
}

function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text)
}

/** @throws Problem `invalid-json`, ZodError. */
function readJob(body: Uint8Array): z.infer<typeof createJob> {
  return createJob.parse(parseJson(body, { exactIntegers: true }))
}

function refuseWithoutResult({ status, error }: JobSummary): void {
  if (status === 'cancelled') throw new Problem('conflict', 'The job was cancelled, so it has no result.')
  if (status === 'failed')
    throw new Problem('job-failed', error ? `${error.code}: ${error.detail}` : 'The job failed.')
}

const ended: ReadonlySet<JobStatus> = new Set(['done', 'failed', 'cancelled'])
const endMark = '-end'

/** Each holds the whole job. The id of the last says that it is. */
async function* toEvents(
  changes: AsyncIterable<JobSummary>,
  seen: number,
): AsyncGenerator<ServerEvent, void> {
  let count = seen
  for await (const change of changes) {
    count += 1
    const data: JobBody = jobBody(change)
    yield { event: 'job', id: ended.has(change.status) ? `${count}${endMark}` : String(count), data }
  }
}

function lastSeen({ headers }: FastifyRequest): { seen: number; sawEnd: boolean } {
  const [, count = '0', end] = /^(\d{1,9})(-end)?$/.exec(String(headers['last-event-id'] ?? '')) ?? []
  return { seen: Number(count), sawEnd: end !== undefined }
}
