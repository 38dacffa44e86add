import { Problem } from '@roundhouse/sdk/contract'

/**
 * What the database says when an object would be removed, replaced or moved that is the file of a model version; undefined
 * for any other error. Then nothing has changed, and the bytes stay.
 */
export function refusedForModel(error: unknown): Problem | undefined {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined
  return constraint === 'models_file_version_fkey' ? isFileOfModel(error) : undefined
}

export function isFileOfModel(cause?: unknown): Problem {
  return new Problem(
    'conflict',
    'An object of the bucket models that you name is the file of a model version; remove the version instead, with DELETE /api/v1/models/{id}.',
    { cause },
  )
}
