import { z } from 'zod'

/** `failed` is final: given up, or refused for good. It can be replayed, as can a cancelled one. */
export const jobStatus = z.enum(['queued', 'running', 'done', 'failed', 'cancelled'])

/**
 * Work that survives. `attempt` is how often it was begun since it last got on; `progress.unit` is what is counted, e.g. `rows`; `error` says
 * why it failed, or why the attempt before this one did; `takeovers` is how often another process took it up because the one that
 * had it was gone. `owner_id` is null for those of the house.
 */
export const job = z.object({
  id: z.uuid(),
  /** `model`, `batch`, `task`. */
  kind: z.string(),
  owner_id: z.uuid().nullable(),
  model_id: z.uuid().nullable(),
  status: jobStatus,
  priority: z.int(),
  progress: z.object({ done: z.int().min(0), total: z.int().min(0).nullable(), unit: z.string() }).nullable(),
  attempt: z.int().min(0),
  max_attempts: z.int().min(1),
  takeovers: z.int().min(0),
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  request_id: z.string().nullable(),
  /** Not begun before. */
  run_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
})

export const jobPriority = z.int().min(-100).max(100)

/** Body of `POST /api/v1/jobs`: a prediction that is made when there is time for it. */
export const createJob = z.strictObject({
  model_id: z.uuid(),
  input_data: z.record(z.string(), z.unknown()),
  /** -100 to 100, 0 when absent; higher goes first. */
  priority: jobPriority.optional(),
})

/** Query of `GET /api/v1/jobs`. */
export const listJobs = z.object({
  status: jobStatus.optional(),
  kind: z
    .string()
    .regex(/^[a-z-]{1,64}$/, 'kind: small letters and hyphens, at most 64.')
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** `next_cursor` is null on the last page. */
export const jobList = z.object({ data: z.array(job), next_cursor: z.string().nullable() })

/** 202 of `GET /api/v1/jobs/{id}/result`: not yet. */
export const jobPending = z.object({ id: z.uuid(), status: jobStatus })

/** The result of a model job. */
export const modelJobResult = z.object({
  id: z.uuid(),
  model_id: z.uuid(),
  output_data: z.record(z.string(), z.unknown()),
  inference_time_ms: z.number(),
  cached: z.boolean(),
  created_at: z.iso.datetime(),
})

export const batchFormat = z.enum(['csv', 'jsonl'])

/** Query of `POST /api/v1/models/{id}/batch`. */
export const createBatch = z.object({
  /** Of the input: by its content type or the name of the file when absent. */
  format: batchFormat.optional(),
  /** Of the result: as the input when absent. */
  output: batchFormat.optional(),
  priority: z.coerce.number().int().min(-100).max(100).optional(),
})

/** A file in a bucket; `url` needs no credential until `expires_at`. */
const linkedFile = z.object({
  bucket: z.string(),
  name: z.string(),
  url: z.string(),
  expires_at: z.iso.datetime(),
})

/** The result of a batch. `rows` are all, and records of the file; `failed_rows` of them are empty. `errors_file` holds a line for each bad row: its line number and why; null when there are none. */
export const batchResult = z.object({
  rows: z.int().min(0),
  failed_rows: z.int().min(0),
  file: linkedFile,
  errors_file: linkedFile.nullable(),
})

export type Job = z.infer<typeof job>
export type JobStatus = z.infer<typeof jobStatus>
export type CreateJob = z.input<typeof createJob>
export type ListJobs = z.infer<typeof listJobs>
export type JobList = z.infer<typeof jobList>
export type ModelJobResult = z.infer<typeof modelJobResult>
export type BatchFormat = z.infer<typeof batchFormat>
export type CreateBatch = z.input<typeof createBatch>
export type BatchResult = z.infer<typeof batchResult>
