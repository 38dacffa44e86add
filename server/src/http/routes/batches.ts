import multipart, { type Multipart } from '@fastify/multipart'
import { type BatchFormat, createBatch, job as jobSchema, Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { essenceOf } from '../../files/media-types.ts'
import type { BatchRequest } from '../../predictions/batch/batches.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { idParams, jobBody } from '../wire.ts'

type Received = Pick<BatchRequest, 'source' | 'finish'> & { format: BatchFormat }

const formats: Readonly<Record<string, BatchFormat>> = {
  'text/csv': 'csv',
  'application/csv': 'csv',
  'application/x-ndjson': 'jsonl',
  'application/ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'application/x-jsonlines': 'jsonl',
}
const endings: Readonly<Record<string, BatchFormat>> = { csv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl' }

/** Predictions for the rows of a file, which is stored as it comes and worked on later. */
export async function batchRoutes(
  scope: FastifyInstance,
  { batches, maxFileBytes }: Pick<HttpDependencies, 'batches' | 'maxFileBytes'>,
): Promise<void> {
  // The body is read by the store; what is not read is not taken for one.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
  await scope.register(multipart, {
    // The store counts and refuses by itself; this limit is one byte further, so that a cut is never taken for the end.
    limits: { fileSize: maxFileBytes + 1, files: 1, fields: 10, fieldSize: 1024, parts: 11 },
  })

  scope.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/models/:id/batch',
    {
      config: { ownDeadline: true, scopes: ['predict'] },
      schema: {
        tags: ['Jobs'],
        summary: 'Predict for every row of a file',
        description:
          'The body is the file, `text/csv` or `application/x-ndjson`, or a form with it in the field `file`. The answer is a job; its result is a file with a record for each row.',
        consumes: ['text/csv', 'application/x-ndjson', 'multipart/form-data'],
        params: idParams,
        querystring: createBatch,
        response: { 201: jobSchema },
      },
    },
    async (request, reply) => {
      const { format, output, priority } = request.query
      const received = await receive(request, format)
      const order = { modelId: request.params.id, output, priority, ...received }
      reply.code(201)
      try {
        return jobBody(await batches.create(callerOf(request), order, keepAnswer(request, reply, jobBody)))
      } catch (error) {
        // Else the client, which is still sending, would not read the answer.
        received.source.resume()
        throw error
      }
    },
  )
}

async function receive(request: FastifyRequest, wanted: BatchFormat | undefined): Promise<Received> {
  refuseEncoding(request.headers['content-encoding'])
  const contentType = request.headers['content-type'] ?? ''
  if (!request.isMultipart()) return { source: request.raw, format: wanted ?? formatOf(contentType, '') }
  const parts = request.parts()
  const file = await nextFile(parts)
  if (!file)
    throw new Problem(
      'invalid-request',
      'The form has no file. Send it in the field "file", after all others.',
    )
  return {
    source: file.file,
    format: wanted ?? formatOf(file.mimetype, file.filename),
    async finish() {
      // A second one is refused by the reader of forms.
      await nextFile(parts)
    },
  }
}

async function nextFile(
  parts: AsyncIterableIterator<Multipart>,
): Promise<Extract<Multipart, { type: 'file' }> | undefined> {
  for (;;) {
    const { value: part, done } = await parts.next()
    if (done) return undefined
    if (part.type === 'file') return part
  }
}

function formatOf(contentType: string, fileName: string): BatchFormat {
  const ending = fileName.toLowerCase().split('.').at(-1) ?? ''
  const found = formats[essenceOf(contentType) ?? ''] ?? endings[ending]
  if (found) return found
  throw new Problem(
    'unsupported-media-type',
    'Send text/csv or application/x-ndjson, or say which it is: ?format=csv or ?format=jsonl.',
  )
}

function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw new Problem('unsupported-encoding', 'Compressed files are not read. Send the rows as they are.')
}
