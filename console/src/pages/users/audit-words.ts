import type { AuditEntry } from '@roundhouse/sdk'
import { count } from '../../ui/format.ts'

/** What administrators do, by the word that the log uses. */
export const acts: Readonly<Record<string, string>> = {
  'agent-publish': 'Published an agent',
  'agent-remove': 'Removed an agent',
  'agent-rollback': 'Rolled an agent back',
  'agent-update': 'Changed an agent',
  'alert-test': 'Tested the alerts',
  'bucket-create': 'Created a bucket',
  'bucket-empty': 'Emptied a bucket',
  'bucket-remove': 'Removed a bucket',
  'bucket-update': 'Changed a bucket',
  'cache-reset': 'Reset the cache counters',
  'credit-grant': 'Granted credits',
  'invitation-create': 'Invited someone',
  'invitation-remove': 'Took an invitation back',
  'invitation-use': 'Accepted an invitation',
  'key-create': 'Created a key',
  'key-revoke': 'Revoked a key',
  'knowledge-document-remove': 'Removed a document',
  'knowledge-remove': 'Removed a collection',
  'knowledge-update': 'Changed a collection',
  'model-remove': 'Removed a model',
  'model-update': 'Changed a model',
  'model-upload': 'Uploaded a model',
  'model-validate': 'Validated a model',
  'object-move': 'Moved a file',
  'object-remove': 'Removed a file',
  'object-replace': 'Replaced a file',
  'plan-update': 'Changed a plan',
  'price-update': 'Changed a price',
  'provider-put': 'Set a provider',
  'provider-remove': 'Removed a provider',
  'report-remove': 'Removed a report',
  'secret-put': 'Set a secret',
  'secret-remove': 'Removed a secret',
  'secret-rotate': 'Rotated the encryption key',
  'setup-first-admin': 'Made the first administrator',
  'task-run': 'Ran a task',
  'user-create': 'Created a user',
  'user-password': 'Set a password',
  'user-revoke': 'Ended sessions and keys',
  'user-roles': 'Changed roles',
  'user-update': 'Changed a user',
}

/** One act in a few words, with what counts most of its details. */
export function actInWords({ action, details }: Pick<AuditEntry, 'action' | 'details'>): string {
  const { amount } = details
  if (action === 'credit-grant' && typeof amount === 'number')
    return amount < 0 ? `Took back ${count(-amount)} credits` : `Granted ${count(amount)} credits`
  return acts[action] ?? action.replaceAll('-', ' ')
}
