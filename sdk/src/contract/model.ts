import { z } from 'zod'
import { datatypes } from '../tensors/datatype.ts'

/** `stats` is refused because `/v2/models/stats` is the path of the statistics of all models. */
export const modelName = z.string().regex(/^(?!stats$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
  error:
    'A model name has 1 to 128 letters, digits, dots, underscores or hyphens, starts with a letter or digit, and is not "stats".',
})

export const modelVersionLabel = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
  error:
    'A version has 1 to 128 letters, digits, dots, underscores or hyphens and starts with a letter or digit.',
})

/** The order is the life of a version; `error` and `archived` may follow any of the others. */
export const modelStatus = z.enum(['pending', 'uploaded', 'validating', 'ready', 'error', 'archived'])

/** Who may see and call it: its owner, every signed-in user, everyone. Administrators may always. */
export const visibility = z.enum(['private', 'users', 'public'])

/** `embedding`: gives vectors of texts, and answers `POST /v1/embeddings` under its name too. */
export const modelKind = z.enum(['embedding'])

/** One input or output; `dtype` is an Open Inference Protocol datatype, `null` a dimension that a request chooses. */
export const tensorSpecSchema = z.object({
  name: z.string(),
  dtype: z.enum(datatypes),
  shape: z.array(z.int().min(0).nullable()),
})

const tensorSpecs = z.array(tensorSpecSchema).nullable()
const metadata = z.record(z.string(), z.unknown())

// PostgreSQL text cannot hold U+0000, and an `integer` column ends at 2,147,483,647.
const description = z
  .string()
  .max(10_000)
  .refine(text => !text.includes('\0'), { error: 'A description cannot contain the character U+0000.' })
const price = z.int().min(0).max(1_000_000_000)

/**
 * One version of a model. `owner_id` is null for those of the service-role key; names are per owner. `price` is in
 * credits per call; `file_hash` is the sha256 in lower-case hex.
 */
export const model = z.object({
  id: z.uuid(),
  owner_id: z.uuid().nullable(),
  name: modelName,
  version: modelVersionLabel,
  description: z.string().nullable(),
  status: modelStatus,
  error: z.string().nullable(),
  visibility,
  price: z.int(),
  kind: modelKind.nullable(),
  format: z.enum(['onnx']).nullable(),
  file_hash: z.string().nullable(),
  file_size_bytes: z.int().nullable(),
  input_schema: tensorSpecs,
  output_schema: tensorSpecs,
  metadata,
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})

/** Body of `POST /api/v1/models`. */
export const createModel = z.strictObject({
  name: modelName,
  version: modelVersionLabel.optional(),
  description: description.nullable().optional(),
  visibility: visibility.optional(),
  price: price.optional(),
  kind: modelKind.optional(),
})

/** Body of `PATCH /api/v1/models/{id}`; `status` archives a version or takes it back. */
export const updateModel = z
  .strictObject({
    description: description.nullable().optional(),
    visibility: visibility.optional(),
    price: price.optional(),
    kind: modelKind.nullable().optional(),
    status: z.enum(['archived', 'ready']).optional(),
  })
  .refine(change => Object.values(change).some(value => value !== undefined), {
    error: 'Nothing to change: send at least one of description, visibility, price, kind, status.',
  })

/** Reply of `POST /api/v1/models/{id}/validate`; the schemas are null when the file is not valid. */
export const validation = z.object({
  valid: z.boolean(),
  error: z.string().nullable(),
  input_schema: tensorSpecs,
  output_schema: tensorSpecs,
  metadata,
  status: modelStatus,
})

/** Query of `GET /api/v1/models`. */
export const listModels = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
  name: modelName.optional(),
  status: modelStatus.optional(),
})

/** `next_cursor` is null on the last page. */
export const modelList = z.object({ data: z.array(model), next_cursor: z.string().nullable() })

export type ModelStatus = z.infer<typeof modelStatus>
export type Visibility = z.infer<typeof visibility>
export type ModelKind = z.infer<typeof modelKind>
export type TensorSpecBody = z.infer<typeof tensorSpecSchema>
export type Model = z.infer<typeof model>
export type CreateModel = z.input<typeof createModel>
export type UpdateModel = z.input<typeof updateModel>
export type Validation = z.infer<typeof validation>
export type ListModels = z.infer<typeof listModels>
export type ModelList = z.infer<typeof modelList>
