import multipart, { type Multipart } from '@fastify/multipart'
import { createModel, model, Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { StoredUpload } from '../../models/registry.ts'
import type { HttpDependencies } from '../dependencies.ts'
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
  { registry, maxModelBytes }: HttpDependencies,
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
        description: `JSON creates a pending version. multipart/form-data with \`name\`, optional \`version\`, \`description\`, \`visibility\`, \`price\`, \`sha256\` and the \`file\` does everything in one call and answers with status \`ready\`.`,
        consumes: ['application/json', 'multipart/form-data'],
        response: { 201: model },
      },
    },
    async (request, reply) => {
      if (!request.isMultipart())
        return reply.code(201).send(modelBody(await registry.create(createModel.parse(request.body))))
      refuseTooLarge(request)
      const { upload, fields } = await receiveForm(request)
      try {
        const { sha256, ...draft } = pushForm.parse(fields)
        checkSha256(sha256, upload)
        // The registry takes over the bytes, also when it refuses them.
        const taken = upload.stored
        upload.stored = undefined
        return reply.code(201).send(modelBody(await registry.push(draft, taken ?? noFile())))
      } finally {
        if (upload.stored) await registry.discard(upload.stored)
      }
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
      await registry.checkMayAttach(request.params.id)
      if (!request.isMultipart())
        throw new Problem(
          'unsupported-media-type',
          'Send the file as multipart/form-data, in the field `file`.',
        )
      refuseTooLarge(request)
      const { upload, fields } = await receiveForm(request)
      try {
        checkSha256(uploadForm.parse(fields).sha256, upload)
        const taken = upload.stored
        upload.stored = undefined
        return modelBody(await registry.attach(request.params.id, taken ?? noFile()))
      } finally {
        if (upload.stored) await registry.discard(upload.stored)
      }
    },
  )

  /** What says of itself that it is too large is refused before a byte of it is read. */
  function refuseTooLarge(request: FastifyRequest): void {
    if (Number(request.headers['content-length'] ?? 0) <= maxModelBytes + formBytes) return
    throw new Problem('payload-too-large', `The file is larger than MAX_MODEL_SIZE_BYTES, ${maxModelBytes}.`)
  }

  /** Fields may stand before or after the file. Whatever fails, no bytes are kept. */
  async function receiveForm(
    request: FastifyRequest,
  ): Promise<{ upload: { stored: StoredUpload | undefined }; fields: Record<string, string> }> {
    const fields: Record<string, string> = {}
    let stored: StoredUpload | undefined
    try {
      for await (const part of request.parts()) {
        if (part.type === 'file') stored = await receiveFile(part)
        else fields[part.fieldname] = textOf(part)
      }
    } catch (error) {
      if (stored) await registry.discard(stored)
      throw error
    }
    if (!stored) noFile()
    return { upload: { stored }, fields }
  }

  async function receiveFile(part: Extract<Multipart, { type: 'file' }>): Promise<StoredUpload> {
    if (part.fieldname !== 'file') {
      part.file.resume()
      throw new Problem(
        'invalid-request',
        `The file must be in the field "file", not ${JSON.stringify(part.fieldname)}.`,
      )
    }
    return registry.receive(part.file)
  }
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
