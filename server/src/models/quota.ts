import { Problem } from '@roundhouse/sdk/contract'
import type { ModelStore } from './store.ts'

/** What a call would add to what the owner has. */
export type Addition = { versions: number; bytes: number }

/**
 * How many bytes of model files the owner may have beside these; infinite for the house. Nobody takes them in between in
 * a transaction that has called `lockOwner`; before one it only spares an upload that would be refused.
 * @throws Problem `quota-exceeded`.
 */
export async function bytesLeft(store: ModelStore, ownerId: string | null, added: Addition): Promise<number> {
  if (ownerId === null) return Number.POSITIVE_INFINITY
  const use = await store.usage(ownerId)
  if (!use) throw new Problem('forbidden', 'This account is gone, so nothing can be added to it.')
  const { plan, max_models, max_model_bytes } = use
  if (max_models !== null && added.versions > 0 && use.versions + added.versions > max_models)
    throw exceeded(
      `The plan ${plan} holds ${max_models} model versions, and there are ${use.versions} already.`,
    )
  if (max_model_bytes === null) return Number.POSITIVE_INFINITY
  const left = max_model_bytes - use.bytes - added.bytes
  if (left < 0) throw tooManyBytes(max_model_bytes - use.bytes)
  return left
}

export function tooManyBytes(left: number): Problem {
  return exceeded(
    `The plan has room for ${Math.max(0, left)} more bytes of model files, and this file is larger.`,
  )
}

function exceeded(why: string): Problem {
  return new Problem(
    'quota-exceeded',
    `${why} Remove versions with DELETE /api/v1/models/{id}, or ask an administrator for a larger plan.`,
  )
}
