import type { ServerPart } from '@roundhouse/sdk'
import { Database, HardDrive, ListOrdered, type LucideIcon, Server, Zap } from 'lucide-react'
import type { ReactElement } from 'react'
import { duration } from '../../ui/format.ts'
import { localTime } from '../../ui/relative-time.ts'
import { ApiState } from '../../ui/state.tsx'

const looks: Record<ServerPart['name'], { label: string; icon: LucideIcon }> = {
  api: { label: 'API', icon: Server },
  database: { label: 'Database', icon: Database },
  queue: { label: 'Queue', icon: ListOrdered },
  cache: { label: 'Cache', icon: Zap },
  storage: { label: 'Storage', icon: HardDrive },
}

/** The parts of the server: how each is, for how long, and why. */
export function PartsStrip({ parts }: { parts: readonly ServerPart[] }): ReactElement {
  return (
    <section aria-label="Health" className="mb-4">
      <ul className="grid grid-cols-1 gap-px overflow-hidden rounded-xl border border-line bg-line sm:grid-cols-2 lg:grid-cols-5">
        {parts.map(part => (
          <Part key={part.name} part={part} />
        ))}
      </ul>
    </section>
  )
}

function held(ms: number): string {
  if (ms < 60_000) return 'for less than a minute'
  return `for ${ms < 3_600_000 ? `${Math.floor(ms / 60_000)} min` : duration(ms)}`
}

function Part({ part: { name, state, since, reason } }: { part: ServerPart }): ReactElement {
  const { label, icon: Icon } = looks[name]
  return (
    <li className="bg-raised px-4 py-3 sm:last:odd:col-span-2 lg:last:odd:col-span-1">
      <div className="flex items-center justify-between gap-2">
        <span className="flex items-center gap-2 text-sm font-medium">
          <Icon aria-hidden="true" className="size-4 text-quiet" />
          {label}
        </span>
        <ApiState state={state} />
      </div>
      <p className="mt-1 text-[13px] text-quiet [overflow-wrap:anywhere]">
        {reason !== null && <span className="block text-ink">{reason}</span>}
        <span title={localTime(since)}>{held(Date.now() - Date.parse(since))}</span>
      </p>
    </li>
  )
}
