import type { AdminServer } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { bytes, count } from '../../ui/format.ts'
import { Card, Facts } from '../../ui/page.tsx'
import { Notice, State } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'

/** How large it is, what takes the room, and whether its tables are of this version. */
export function ServerDatabase({ server }: { server: AdminServer }): ReactElement {
  const { database, migrations, tables } = server
  const pending = migrations.filter(({ applied_at }) => applied_at === null)
  return (
    <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
      <Card className="min-w-0">
        <Facts
          facts={[
            ['PostgreSQL', database.version],
            ['Size', bytes(database.bytes)],
            ['Connections', `${count(database.max_connections)} at most, of all programs`],
            [
              'Migrations',
              pending.length === 0 ? (
                <span key="state" className="flex flex-wrap items-center gap-2">
                  {count(migrations.length)} applied <State tone="good">none pending</State>
                </span>
              ) : (
                <State key="state" tone="bad">
                  {pending.length} pending
                </State>
              ),
            ],
          ]}
        />
        {pending.length > 0 && (
          <div className="mt-4">
            <Notice tone="bad">
              Run roundhouse migrate, or start the server anew: it migrates by itself.
            </Notice>
          </div>
        )}
        <details className="mt-4 text-sm">
          <summary className="text-quiet hover:text-ink">All migrations</summary>
          <ul className="mt-2 max-h-64 overflow-auto">
            {migrations.toReversed().map(({ name, applied_at }) => (
              <li key={name} className="flex justify-between gap-4 py-0.5">
                <code className="min-w-0 truncate font-mono text-[13px]">{name}</code>
                <span className="text-[13px] text-quiet">
                  <Ago at={applied_at} never="pending" />
                </span>
              </li>
            ))}
          </ul>
        </details>
      </Card>
      <Card className="min-w-0">
        <h3 className="mb-3 text-sm font-medium">Largest tables</h3>
        <Tables tables={tables} />
      </Card>
    </div>
  )
}

function Tables({ tables }: Pick<AdminServer, 'tables'>): ReactElement {
  const most = Math.max(1, ...tables.map(table => table.bytes))
  return (
    <table className="w-full text-left text-[13px]">
      <thead>
        <tr className="text-quiet">
          <th scope="col" className="pb-1 font-medium">
            Table
          </th>
          <th scope="col" className="pb-1 pl-3 text-right font-medium whitespace-nowrap">
            Rows (estimate)
          </th>
          <th scope="col" className="pb-1 pl-3 text-right font-medium whitespace-nowrap">
            Size
          </th>
        </tr>
      </thead>
      <tbody className="tabular">
        {tables.slice(0, 12).map(({ name, bytes: size, rows }) => (
          <tr key={name}>
            <th scope="row" className="w-full max-w-0 py-1 font-normal">
              <span className="block truncate font-mono">{name}</span>
              <span aria-hidden="true" className="mt-0.5 block h-1 rounded-full bg-sunken">
                <span
                  className="block h-1 rounded-full bg-accent/70"
                  style={{ width: `${Math.max(1, (size / most) * 100)}%` }}
                />
              </span>
            </th>
            <td className="py-1 pl-3 text-right whitespace-nowrap">
              {rows === null ? 'not counted' : count(rows)}
            </td>
            <td className="py-1 pl-3 text-right whitespace-nowrap">{bytes(size)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
