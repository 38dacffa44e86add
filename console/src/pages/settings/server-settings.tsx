import type { AdminServer } from '@roundhouse/sdk'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { CheckField } from '../../ui/field.tsx'
import { Section } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { State } from '../../ui/state.tsx'
import { settingText } from './setting-words.ts'

type Setting = AdminServer['settings'][number]
const route = getRouteApi('/app/settings/server')
const link = 'underline underline-offset-2 hover:text-ink'

/** Every variable the server reads at its start; of secrets only whether they are there. */
export function ServerSettings({ settings }: { settings: readonly Setting[] }): ReactElement {
  const { q = '', only } = route.useSearch()
  const navigate = useNavigate({ from: '/settings/server' })
  const shown = settings.filter(setting => isMeant(setting, q) && (only === undefined || !setting.is_default))
  return (
    <Section
      title="Settings of the environment"
      about={
        <>
          Read when the process starts: a change needs a restart. What needs none:{' '}
          <Link to="/settings" className={link}>
            providers
          </Link>
          ,{' '}
          <Link to="/settings/secrets" className={link}>
            secrets
          </Link>
          ,{' '}
          <Link to="/settings/limits" className={link}>
            prices and limits
          </Link>
          .
        </>
      }
    >
      <div className="mb-3 flex flex-wrap items-center gap-4">
        <SearchField
          label="Search settings"
          value={q}
          onChange={text =>
            void navigate({ search: before => ({ ...before, q: text || undefined }), replace: true })
          }
        />
        <CheckField
          label="Only what differs from the default"
          checked={only !== undefined}
          onChange={event =>
            void navigate({
              search: before => ({ ...before, only: event.target.checked ? 'changed' : undefined }),
              replace: true,
            })
          }
        />
      </div>
      {shown.length === 0 ? (
        <p className="text-sm text-quiet">No setting is like that.</p>
      ) : (
        <>
          <ul className="divide-y divide-line/60 rounded-xl border border-line bg-raised">
            {shown.map(setting => (
              <li
                key={setting.name}
                className="grid grid-cols-1 gap-x-6 gap-y-1 px-4 py-2.5 text-sm lg:grid-cols-[minmax(0,5fr)_minmax(0,4fr)_minmax(0,9fr)]"
              >
                <code className="font-mono text-[13px] [overflow-wrap:anywhere]">{setting.name}</code>
                <div className="[overflow-wrap:anywhere]">
                  <Value setting={setting} />
                </div>
                <p className="text-[13px] text-quiet [overflow-wrap:anywhere]">
                  <WithCode text={setting.meaning} />
                </p>
              </li>
            ))}
          </ul>
          <p role="status" className="mt-2 text-[13px] text-quiet">
            {shown.length === settings.length
              ? `${settings.length} settings`
              : `${shown.length} of ${settings.length} settings`}
          </p>
        </>
      )}
    </Section>
  )
}

function Value({
  setting: { name, value, is_set, is_secret, is_default },
}: {
  setting: Setting
}): ReactElement {
  if (!is_set) return <span className="text-quiet">not set</span>
  if (is_secret) return <State tone="none">set, never shown</State>
  if (value === null || value === '') return <span className="text-quiet">empty</span>
  return (
    <span title={value} className={is_default ? 'text-quiet' : 'font-medium'}>
      {settingText(name, value)}
      {is_default && ' (default)'}
    </span>
  )
}

/** What stands between backticks is code. */
function WithCode({ text }: { text: string }): ReactElement {
  const parts = text.split('`')
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 0 ? (
          part
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text that does not change
          <code key={i} className="font-mono text-ink">
            {part}
          </code>
        ),
      )}
    </>
  )
}

function isMeant({ name, meaning, value }: Setting, q: string): boolean {
  const text = `${name} ${meaning} ${value ?? ''}`.toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}
