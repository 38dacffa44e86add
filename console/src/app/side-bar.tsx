import { useSession } from '@roundhouse/sdk/react'
import { Link } from '@tanstack/react-router'
import { LogOut, Monitor, Moon, Search, Sun } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { IconButton } from '../ui/button.tsx'
import { sentenceOf } from '../ui/problem.tsx'
import { useLive } from './live.ts'
import { LiveMark } from './live-mark.tsx'
import { useIsAdmin, useMe } from './me.ts'
import { apiDocs, navigation } from './navigation.ts'
import { type Theme, useTheme } from './theme.ts'

const placeLook =
  'flex items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm text-quiet hover:bg-line/50 hover:text-ink aria-[current=page]:bg-wash aria-[current=page]:font-medium aria-[current=page]:text-ink'

const isApple = /Mac|iPhone|iPad/.test(navigator.platform)

/** All places, who is here, and how it looks. */
export function SideBar({ onSearch }: { onSearch: () => void }): ReactElement {
  const isAdmin = useIsAdmin()
  return (
    <div className="flex h-full flex-col overflow-y-auto">
      <div className="flex items-center justify-between px-4 pt-4 pb-2">
        <Link to="/" className="flex items-center gap-2 font-semibold tracking-tight">
          <svg viewBox="0 0 32 32" className="size-5" aria-hidden="true">
            <use href="/favicon.svg#mark" />
          </svg>
          Roundhouse
        </Link>
      </div>
      <div className="px-3 py-2">
        <button
          type="button"
          onClick={onSearch}
          className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-raised px-2.5 text-[13px] text-quiet hover:border-edge"
        >
          <Search aria-hidden="true" className="size-3.5 shrink-0" />
          <span className="truncate">Search or go to…</span>
          <kbd className="ml-auto font-sans text-[11px] whitespace-nowrap">{isApple ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
      </div>
      <nav aria-label="Places" className="flex-1 px-3 pb-4">
        {navigation.map(({ title, places }) => {
          const mine = places.filter(place => isAdmin || !place.adminOnly)
          return (
            mine.length > 0 && (
              <div key={title}>
                {title !== '' && <p className="px-2.5 pt-4 pb-1 text-xs font-medium text-quiet">{title}</p>}
                <ul className="grid gap-px">
                  {mine.map(({ label, to, icon: Icon }) => (
                    <li key={to}>
                      <Link
                        to={to}
                        className={placeLook}
                        activeOptions={{ exact: to === '/', includeSearch: false }}
                      >
                        <Icon aria-hidden="true" className="size-4" />
                        {label}
                      </Link>
                    </li>
                  ))}
                </ul>
              </div>
            )
          )
        })}
        <ul>
          <li>
            <a href={apiDocs.href} className={placeLook}>
              <apiDocs.icon aria-hidden="true" className="size-4" />
              {apiDocs.label}
            </a>
          </li>
        </ul>
      </nav>
      <Foot />
    </div>
  )
}

/** 1,234,567 -> `1.2M`: there is little room. */
const shortly = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

const themes: readonly { theme: Theme; label: string; icon: typeof Sun }[] = [
  { theme: 'system', label: 'Colours as the system', icon: Monitor },
  { theme: 'light', label: 'Light colours', icon: Sun },
  { theme: 'dark', label: 'Dark colours', icon: Moon },
]

function Foot(): ReactElement {
  const me = useMe()
  const { signOut } = useSession()
  const [theme, setTheme] = useTheme()
  const live = useLive()
  const [failure, setFailure] = useState<string>()
  return (
    <div className="border-t border-line p-3">
      <div className="flex items-center gap-2">
        <Link to="/account" className="min-w-0 flex-1 rounded-md px-2.5 py-1 hover:bg-line/50">
          <span className="block truncate text-sm font-medium">{me.name ?? me.email ?? 'Account'}</span>
          <span className="block truncate text-xs text-quiet">
            {me.plan.name}
            {me.credits !== null && ` · ${shortly.format(me.credits)} credits`}
          </span>
        </Link>
        <IconButton
          label="Sign out"
          onClick={() => {
            setFailure(undefined)
            signOut().catch((error: unknown) => setFailure(sentenceOf(error)))
          }}
        >
          <LogOut className="size-4" />
        </IconButton>
      </div>
      {failure !== undefined && (
        <p role="alert" className="px-2.5 text-xs text-bad">
          {failure}
        </p>
      )}
      <div className="mt-2 flex items-center justify-between gap-2 pr-2">
        <fieldset className="flex gap-1 px-1">
          <legend className="sr-only">Colours</legend>
          {themes.map(({ theme: one, label, icon: Icon }) => (
            <IconButton
              key={one}
              label={label}
              aria-pressed={theme === one}
              onClick={() => setTheme(one)}
              className="size-7 aria-pressed:bg-line/70 aria-pressed:text-ink"
            >
              <Icon className="size-3.5" />
            </IconButton>
          ))}
        </fieldset>
        <LiveMark live={live} />
      </div>
    </div>
  )
}
