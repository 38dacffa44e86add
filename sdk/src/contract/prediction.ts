import { z } from 'zod'
import { modelVersionLabel } from './model.ts'

const namedValues = z.record(z.string(), z.unknown())

/** Body of `POST /api/v1/models/{id}/predict`: per input its nested array. */
export const predict = z.strictObject({
  input_data: namedValues,
  skip_cache: z.boolean().optional(),
})

/** Reply of `predict`. */
export const prediction = z.object({
  id: z.uuid(),
  model_id: z.uuid(),
  output_data: namedValues,
  inference_time_ms: z.number().min(0),
  cached: z.boolean(),
  created_at: z.iso.datetime(),
})

/** One line of the history. `user_id` is null for calls by the service-role key or without a credential. The data is null where it was not kept, the outputs also where the run failed. */
export const predictionRecord = z.object({
  id: z.uuid(),
  model_id: z.uuid(),
  model_version: modelVersionLabel,
  user_id: z.uuid().nullable(),
  request_id: z.string(),
  input_data: namedValues.nullable(),
  output_data: namedValues.nullable(),
  inference_time_ms: z.number().min(0),
  cached: z.boolean(),
  status: z.enum(['ok', 'error']),
  error: z.string().nullable(),
  created_at: z.iso.datetime(),
})

/** Query of `GET /api/v1/models/{id}/predictions`. */
export const listPredictions = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** Newest first; `next_cursor` is null on the last page. */
export const predictionList = z.object({
  data: z.array(predictionRecord),
  next_cursor: z.string().nullable(),
})

export type Predict = z.input<typeof predict>
export type Prediction = z.infer<typeof prediction>
export type PredictionRecord = z.infer<typeof predictionRecord>
export type ListPredictions = z.infer<typeof listPredictions>
export type PredictionList = z.infer<typeof predictionList>
