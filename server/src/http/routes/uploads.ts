import multipart, { type Multipart } from '@fastify/multipart'
import { createModel, model, Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Model } from '../../models/model.ts'
import type { StoredUpload } from '../../models/registry.ts'
import type { WithinTransaction } from '../../ports/database.ts'
import { callerOf } from '../authenticate.ts'
import { asConcurrentRun } from '../concurrent-runs.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { idParams, modelBody } from '../wire.ts'

const uploadTimeoutMs = 300_000
/** What a form adds around the file: boundaries, headers, a few small fields. */
const formBytes = 64 * 1024
const sha256Field = z.string().regex(/^[0-9a-fA-F]{64}$/, { error: 'sha256 must be 64 hexadecimal digits.' })

/** Fields of a form are text. */
const pushForm = z.strictObject({
  ...createModel.shape,
  price: z.coerce.number().pipe(z.int().min(0)).optional(),
  sha256: sha256Field.optional(),
})
const uploadForm = z.strictObject({ sha256: sha256Field.optional() })

/** Model files, streamed to the store as they come. */
export async function uploadRoutes(
  scope: FastifyInstance,
  { registry, limits, maxModelBytes }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Models']
  await app.register(multipart, {
    // The store counts and refuses by itself; this limit is one byte further, so that a cut is never taken for the end.
    limits: { fileSize: maxModelBytes + 1, files: 1, fields: 10, fieldSize: 16_384, parts: 11 },
  })

  app.post(
    '/api/v1/models',
    {
      handlerTimeout: uploadTimeoutMs,
      schema: {
        tags,
        summary: 'Create a version; as multipart/form-data with a file also upload, validate and warm it',
        description: `JSON creates a pending version. multipart/form-data with \`name\`, optional \`version\`, \`description\`, \`visibility\`, \`price\`, \`kind\`, \`sha256\` and the \`file\` does everything in one call and answers with status \`ready\`.`,
        consumes: ['application/json', 'multipart/form-data'],
        response: { 201: model },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const within = keepAnswer(request, reply.code(201), modelBody)
      if (!request.isMultipart())
        return modelBody(await registry.create(caller, createModel.parse(request.body), within))
      return modelBody(await asConcurrentRun(limits, caller, () => push(caller, request, within)))
    },
  )

  app.post(
    '/api/v1/models/:id/upload',
    {
      handlerTimeout: uploadTimeoutMs,
      schema: {
        tags,
        summary: 'Give a pending version its file (multipart field `file`)',
        params: idParams,
        consumes: ['multipart/form-data'],
        response: { 200: model },
      },
    },
    async request => {
      const caller = callerOf(request)
      return modelBody(
        await asConcurrentRun(limits, caller, () => attach(caller, request.params.id, request)),
      )
    },
  )

  async function push(
    caller: Caller,
    request: FastifyRequest,
    within: WithinTransaction<Model> | undefined,
  ): Promise<Model> {
    refuseTooLarge(request)
    await registry.checkMayPush(caller, leastFileBytes(request))
    const { upload, fields } = await receiveForm(caller, request, caller.userId)
    try {
      const { sha256, ...draft } = pushForm.parse(fields)
      checkSha256(sha256, upload)
      // The registry takes over the bytes, also when it refuses them.
      const taken = upload.stored
      upload.stored = undefined
      return await registry.push(caller, draft, taken ?? noFile(), within)
    } finally {
      if (upload.stored) await registry.discard(upload.stored)
    }
  }

  async function attach(caller: Caller, id: string, request: FastifyRequest): Promise<Model> {
    const { owner_id } = await registry.checkMayAttach(caller, id, leastFileBytes(request))
    if (!request.isMultipart())
      throw new Problem(
        'unsupported-media-type',
        'Send the file as multipart/form-data, in the field `file`.',
      )
    refuseTooLarge(request)
    const { upload, fields } = await receiveForm(caller, request, owner_id)
    try {
      checkSha256(uploadForm.parse(fields).sha256, upload)
      const taken = upload.stored
      upload.stored = undefined
      return await registry.attach(caller, id, taken ?? noFile())
    } finally {
      if (upload.stored) await registry.discard(upload.stored)
    }
  }

  /** What says of itself that it is too large is refused before a byte of it is read. */
  function refuseTooLarge(request: FastifyRequest): void {
    if (leastFileBytes(request) <= maxModelBytes) return
    throw new Problem('payload-too-large', `The file is larger than MAX_MODEL_SIZE_BYTES, ${maxModelBytes}.`)
  }

  /** Fields may stand before or after the file. Whatever fails, no bytes are kept. */
  async function receiveForm(
    caller: Caller,
    request: FastifyRequest,
    ownerId: string | null,
  ): Promise<{ upload: { stored: StoredUpload | undefined }; fields: Record<string, string> }> {
    const fields: Record<string, string> = {}
    let stored: StoredUpload | undefined
    try {
      for await (const part of request.parts()) {
        if (part.type === 'file') stored = await receiveFile(caller, part, ownerId)
        else if (Object.hasOwn(fields, part.fieldname))
          throw new Problem('invalid-request', `${part.fieldname}: the form has this field twice.`)
        else fields[part.fieldname] = textOf(part)
      }
    } catch (error) {
      if (stored) await registry.discard(stored)
      throw error
    }
    if (!stored) noFile()
    return { upload: { stored }, fields }
  }

  async function receiveFile(
    caller: Caller,
    part: Extract<Multipart, { type: 'file' }>,
    ownerId: string | null,
  ): Promise<StoredUpload> {
    if (part.fieldname !== 'file') {
      part.file.resume()
      throw new Problem(
        'invalid-request',
        `The file must be in the field "file", not ${JSON.stringify(part.fieldname)}.`,
      )
    }
    return registry.receive(caller, part.file, ownerId)
  }
}

/** Of what the request says of itself, less what its form may add; 0 when it says nothing. */
function leastFileBytes(request: FastifyRequest): number {
  return Math.max(0, Number(request.headers['content-length'] ?? 0) - formBytes)
}

function textOf(part: Exclude<Multipart, { type: 'file' }>): string {
  if (typeof part.value !== 'string' || part.valueTruncated)
    throw new Problem('invalid-request', `${part.fieldname}: too long for a field.`)
  return part.value
}

function checkSha256(announced: string | undefined, upload: { stored: StoredUpload | undefined }): void {
  if (announced === undefined || announced.toLowerCase() === upload.stored?.sha256) return
  throw new Problem(
    'hash-mismatch',
    `The file received has the sha256 ${upload.stored?.sha256}, announced was ${announced}. Send it again.`,
  )
}

function noFile(): never {
  throw new Problem('invalid-request', 'The form has no file. Send it in the field "file".')
}
