import { type BatchFormat, type Job, job } from '../contract/job.ts'
import type { FileBytes } from './form.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'
import type { UploadProgress } from './upload.ts'

export type BatchOptions = CallOptions & {
  /** Of the rows; default: by the name or type of a `File` or `Blob`, else `csv`. */
  format?: BatchFormat
  /** Of the result; default: as the rows. */
  output?: BatchFormat
  /** -100 to 100, default 0; higher goes first. */
  priority?: number
  onProgress?: (progress: UploadProgress) => void
}

/**
 * Predicts for every row of a file. Gives the job: `jobs.wait` waits for its end, `jobs.batchResult` gives the files.
 * @param rows CSV whose first line names the columns, or JSON lines; a string is the text itself.
 * @throws Problem `invalid-request` when the first line does not fit, `insufficient-credits`, and what `Send` throws.
 */
export type Batch = (modelId: string, rows: FileBytes | string, options?: BatchOptions) => Promise<Job>

const contentTypes = { csv: 'text/csv', jsonl: 'application/x-ndjson' } as const

export function createBatch(send: Send): Batch {
  return async (
    modelId,
    rows,
    { format = formatOf(rows), output, priority, onProgress, ...options } = {},
  ) => {
    const file = typeof rows === 'string' ? new TextEncoder().encode(rows) : rows
    const call = {
      method: 'POST',
      path: path`/api/v1/models/${modelId}/batch`,
      query: { format, output, priority },
      upload: { file, contentType: contentTypes[format], onProgress },
      creates: true,
    } as const
    return readReply(job, await send(call, options))
  }
}

function formatOf(rows: FileBytes | string): BatchFormat {
  if (!(rows instanceof Blob)) return 'csv'
  const name = 'name' in rows && typeof rows.name === 'string' ? rows.name : ''
  return /\.(jsonl|ndjson)$/i.test(name) || /ndjson|jsonl/.test(rows.type) ? 'jsonl' : 'csv'
}
