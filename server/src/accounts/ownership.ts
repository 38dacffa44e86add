import { Problem } from '@roundhouse/sdk/contract'
import type { Caller, Owned } from './caller.ts'

/** Asks for a credential. @param why A sentence without its full stop. */
export function needsCredential(why: string): Problem {
  return new Problem(
    'unauthenticated',
    `${why}. Send Authorization: Bearer <key or token>, or x-api-key: <key>.`,
  )
}

/**
 * Who owns what the caller makes: they themselves, or of the service-role key the house, which is null.
 * @param thing Such as `a model`. @param why What those without a credential are told.
 * @throws Problem `unauthenticated`, `forbidden`.
 */
export function ownerOf(caller: Caller, thing: string, why: string): string | null {
  if (caller.role === 'anonymous') throw needsCredential(why)
  if (caller.userId === null && caller.role !== 'service')
    throw new Problem('forbidden', `This credential belongs to no user, so it cannot own ${thing}.`)
  return caller.userId
}

/** Of another, or of the house: what is done to it belongs in the audit log. */
export function isNotOwn(caller: Caller, { owner_id }: Pick<Owned, 'owner_id'>): boolean {
  return owner_id === null || owner_id !== caller.userId
}
