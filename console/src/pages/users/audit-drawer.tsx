import type { AuditEntry } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { CodeBlock, Identifier } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Facts } from '../../ui/page.tsx'
import { Moment } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { actInWords } from './audit-words.ts'

/** All that is known of one act. */
export function AuditDrawer({ entry, onClose }: { entry: AuditEntry; onClose: () => void }): ReactElement {
  const facts: (readonly [string, ReactNode])[] = [
    ['When', <Moment key="when" at={entry.at} />],
    ['Act', <code key="act">{entry.action}</code>],
    ['By', entry.actor_id === null ? entry.actor : <UserName key="by" id={entry.actor_id} />],
    ['Credential', entry.credential ?? 'none'],
    ['To', <Identifier key="to" value={entry.target} label="what it was done to" />],
    ['From', entry.ip ?? 'the command line'],
    [
      'Request',
      entry.request_id === null ? (
        'none'
      ) : (
        <Link
          key="request"
          to="/requests/$id"
          params={{ id: entry.request_id }}
          className="font-mono text-[13px] underline underline-offset-2"
        >
          {entry.request_id}
        </Link>
      ),
    ],
    ['Entry', `number ${entry.seq}`],
    ['Hash', <Identifier key="hash" value={entry.hash} label="hash of the entry" />],
  ]
  return (
    <Dialog title={actInWords(entry)} place="side" onClose={onClose}>
      <div className="grid gap-5">
        <Facts facts={facts} />
        <div>
          <h3 className="mb-1.5 text-[13px] font-medium">Details</h3>
          <CodeBlock label="details" code={JSON.stringify(entry.details, null, 2)} />
        </div>
        <p className="text-[13px] text-quiet">
          <Link
            to="/users/audit"
            search={{ target: entry.target }}
            className="underline underline-offset-2"
            onClick={onClose}
          >
            Everything that was done to it
          </Link>
        </p>
      </div>
    </Dialog>
  )
}
