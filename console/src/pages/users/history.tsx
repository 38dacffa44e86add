import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { buttonLook } from '../../ui/button.tsx'
import { Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { actInWords } from './audit-words.ts'

/** What administrators did to one thing, the last few; the rest is in the audit log. */
export function History({ id }: { id: string }): ReactElement {
  const acts = useApi(['audit', 'target', id], (client, options) =>
    client.admin.audit.list({ ...options, target: id, limit: 10 }),
  )
  return (
    <Section
      title="Last changes"
      about="What administrators did here."
      actions={
        <Link to="/users/audit" search={{ target: id }} className={buttonLook('quiet', 'small')}>
          All in the audit log
        </Link>
      }
    >
      {acts.isPending && <Waiting what="the changes" />}
      {acts.error && <ProblemNotice error={acts.error} retry={() => void acts.refetch()} />}
      {acts.data?.data.length === 0 && <p className="text-sm text-quiet">Nothing was changed yet.</p>}
      {acts.data !== undefined && acts.data.data.length > 0 && (
        <ol className="divide-y divide-line/60 rounded-xl border border-line bg-raised">
          {acts.data.data.map(entry => (
            <li
              key={entry.seq}
              className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-2.5 text-sm"
            >
              <Link
                to="/users/audit"
                search={{ target: id, open: entry.seq }}
                className="font-medium underline-offset-2 hover:underline"
              >
                {actInWords(entry)}
              </Link>
              <span className="text-quiet">
                by {entry.actor_id === null ? entry.actor : <UserName id={entry.actor_id} />}
              </span>
              <span className="ml-auto text-quiet">
                <Ago at={entry.at} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}
