import type { Visibility } from '@roundhouse/sdk'

/** Who may see and call a model, in words. */
export const visibilities: Record<Visibility, { short: string; inWords: string }> = {
  private: { short: 'private', inWords: 'Private: its owner and administrators' },
  users: { short: 'users', inWords: 'Users: everyone who is signed in' },
  public: { short: 'public', inWords: 'Public: everyone, without an account where it is free' },
}

export function isVisibility(text: string): text is Visibility {
  return Object.hasOwn(visibilities, text)
}
