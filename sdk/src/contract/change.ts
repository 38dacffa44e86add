import { z } from 'zod'

/**
 * What a change may be of. Documents that are indexed, batches and runs of tasks are jobs; a file is told of by its bucket,
 * an embed by its agent, a document by its collection.
 */
export const changeKind = z.enum([
  'agent',
  'alert',
  'bucket',
  'collection',
  'file',
  'invitation',
  'job',
  'key',
  'model',
  'plan',
  'price',
  'provider',
  'report',
  'run',
  'secret',
  'session',
  'task',
  'user',
])

/**
 * An event `change` of `GET /api/v1/changes`: this is not what it was, or is no more. Null: several of the kind, or one
 * that was not named. What it is now its own route says.
 */
export const change = z.object({
  kind: changeKind,
  id: z.string().nullable(),
  at: z.iso.datetime(),
})

export type ChangeKind = z.infer<typeof changeKind>
export type Change = z.infer<typeof change>
