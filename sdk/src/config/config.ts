import { z } from 'zod'
import { createAgent } from '../contract/agent.ts'
import { mediaRange } from '../contract/file.ts'
import { createModel } from '../contract/model.ts'
import type { AgentDeclaration } from './agent.ts'
import { type QueryDeclaration, queryDeclaration } from './query.ts'
import { type TaskDeclaration, taskDeclaration } from './task.ts'
import { type ToolDeclaration, toolDeclaration } from './tool.ts'

export { type AgentDeclaration, defineAgent } from './agent.ts'
export type { ToolParameters } from './parameters.ts'
export { defineQuery, type QueryDeclaration, queryDeclaration } from './query.ts'
export {
  defineTask,
  type TaskContext,
  type TaskDeclaration,
  type TaskFile,
  type TaskFiles,
  type TaskJson,
  type TaskQuery,
  type TaskRequest,
  type TaskResult,
  type TaskSql,
} from './task.ts'
export {
  defineTool,
  type ToolContext,
  type ToolDeclaration,
  type ToolRequest,
  toolDeclaration,
} from './tool.ts'

import { reportTemplateName } from '../contract/report.ts'

const bucketName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
  error:
    'A bucket name has 1 to 100 letters, digits, dots, underscores or hyphens and starts with a letter or digit.',
})

/** Name of an object in a bucket. */
const objectPath = z
  .string()
  .min(1)
  .max(1024)
  .refine(path => path.split('/').every(part => part !== '' && part !== '.' && part !== '..'), {
    error: 'The path of an object is like folder/file.onnx: no empty part, no "." or "..", no / in front.',
  })

const folder = z.string().min(1, { error: 'The path of a folder, from the folder of this file.' })

const { name, version, visibility, price, kind } = createModel.shape

/** A model that is fetched from storage at start. */
export const modelDeclaration = z.strictObject({
  name,
  version,
  bucket: bucketName.optional(),
  path: objectPath,
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, { error: 'A sha256 has 64 hexadecimal digits.' })
    .optional(),
  required: z.boolean().optional(),
  visibility,
  price,
  kind,
  local_path: z.string().min(1).optional(),
})

/** A bucket that is made at start when it is missing, with the fields of Supabase Storage. */
const bucketDeclaration = z.strictObject({
  name: bucketName,
  public: z.boolean().optional(),
  file_size_limit: z.int().min(1).nullable().optional(),
  allowed_mime_types: z.array(mediaRange).max(1000).nullable().optional(),
  open_folders: z.boolean().optional(),
})

const templateDeclaration = z.strictObject({
  name: reportTemplateName,
  folder,
})

/** What `roundhouse.config.ts` may hold. An unknown key is a typing error, not a wish for later. */
export const roundhouseConfig = z.strictObject({
  models: z.array(modelDeclaration).optional(),
  buckets: z.array(bucketDeclaration).optional(),
  reports: z.strictObject({ templates: z.array(templateDeclaration).optional() }).optional(),
  agents: z.array(createAgent).optional(),
  tasks: z.array(taskDeclaration).optional(),
  queries: z.array(queryDeclaration).optional(),
  tools: z.array(toolDeclaration).optional(),
  migrations: folder.optional(),
})

/** A model that is fetched from storage at start: when it is missing, and when the file has changed. */
export type ModelDeclaration = {
  /** Name it is served by. */
  name: string
  /** The next whole number when absent. A version never changes: with it, give each new file another one. */
  version?: string | undefined
  /** `models` when absent. */
  bucket?: string | undefined
  /** Name of the object in the bucket. */
  path: string
  /** Of the file, in hex: nothing else is ever served under this name. */
  sha256?: string | undefined
  /** Not ready without it. True when absent. */
  required?: boolean | undefined
  /** Who may call it. `users`, everyone who is signed in, when absent. */
  visibility?: 'private' | 'users' | 'public' | undefined
  /** Credits per call. */
  price?: number | undefined
  /** `embedding`: gives vectors of texts, and answers `POST /v1/embeddings` under its name too. */
  kind?: 'embedding' | undefined
  /** Where a copy lies on this machine: used when it has the right sha256, written when not. */
  local_path?: string | undefined
}

/** A bucket that is made at start when it is missing. */
export type BucketDeclaration = {
  name: string
  public?: boolean | undefined
  /** Bytes; null is no limit of its own. */
  file_size_limit?: number | null | undefined
  /** Such as `image/png` or `image/*`; null is any. */
  allowed_mime_types?: string[] | null | undefined
  /** Not each user below the folder of their own id alone. */
  open_folders?: boolean | undefined
}

/** `folder` is relative to the folder of the configuration file. */
export type TemplateDeclaration = { name: string; folder: string }

export type RoundhouseConfig = {
  models?: ModelDeclaration[] | undefined
  buckets?: BucketDeclaration[] | undefined
  reports?: { templates?: TemplateDeclaration[] | undefined } | undefined
  /** Made, brought up to date and published at start; they belong to the house. */
  agents?: AgentDeclaration[] | undefined
  tasks?: TaskDeclaration[] | undefined
  /** What agents may ask of your tables, as tools of the type `query`. */
  queries?: QueryDeclaration[] | undefined
  /** Functions that agents may call, as tools of the type `code`. */
  tools?: ToolDeclaration[] | undefined
  /** A folder with `NNNN_name.sql`, for the tables of your tasks: applied in order to the schema `app`. */
  migrations?: string | undefined
}

/** What `roundhouse.config.ts` exports as its default: checked by the compiler here, and by the server at its start. */
export function defineConfig(config: RoundhouseConfig): RoundhouseConfig {
  return config
}
