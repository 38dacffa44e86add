import type { Scope } from '@roundhouse/sdk'

/** What a key may do, in the order of how much that is. */
export const scopes: readonly { scope: Scope; label: string; hint: string }[] = [
  { scope: 'read', label: 'Read', hint: 'Everything that is yours: models, runs, jobs, reports.' },
  { scope: 'predict', label: 'Predict', hint: 'Call models, start jobs and batches.' },
  { scope: 'agents', label: 'Agents', hint: 'Run agents and the models of providers, search knowledge.' },
  { scope: 'files', label: 'Files', hint: 'Read and write files.' },
  {
    scope: 'admin',
    label: 'Admin',
    hint: 'Create, change and remove; for administrators also what only they may. Give it to no program that can do without.',
  },
]

export const usualScopes: readonly Scope[] = ['read', 'predict', 'agents', 'files']

/** How long a key may be used, by what the form calls it; undefined is forever. */
export const lifetimes = [
  { name: '7', label: '7 days' },
  { name: '30', label: '30 days' },
  { name: '90', label: '90 days' },
  { name: '365', label: '1 year' },
  { name: '', label: 'Until it is revoked' },
] as const

/** The end of a lifetime that begins now; null is never. */
export function expiry(days: string, now: number): string | null {
  return days === '' ? null : new Date(now + Number(days) * 86_400_000).toISOString()
}
