import {
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleX,
  type LucideIcon,
  OctagonAlert,
  TriangleAlert,
} from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { classes } from './class-names.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'none'

const looks: Record<Tone, { icon: LucideIcon; colours: string }> = {
  good: { icon: CircleCheck, colours: 'bg-good-wash text-good' },
  warn: { icon: TriangleAlert, colours: 'bg-warn-wash text-warn' },
  bad: { icon: CircleX, colours: 'bg-bad-wash text-bad' },
  info: { icon: CircleDot, colours: 'bg-info-wash text-info' },
  none: { icon: CircleDashed, colours: 'bg-sunken text-quiet' },
}

/** A state in a word, with its picture: never by colour alone. */
export function State({
  tone,
  children,
  title,
}: {
  tone: Tone
  children: ReactNode
  title?: string | undefined
}): ReactElement {
  const { icon: Icon, colours } = looks[tone]
  return (
    <span
      title={title}
      className={classes(
        'inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap',
        colours,
      )}
    >
      <Icon aria-hidden="true" className="size-3.5" />
      {children}
    </span>
  )
}

/** How the states of models, jobs, runs, reports and documents look, by the word that the API uses. */
const tones: Record<string, Tone> = {
  ready: 'good',
  done: 'good',
  healthy: 'good',
  ok: 'good',
  live: 'good',
  published: 'good',
  running: 'info',
  loading: 'info',
  validating: 'info',
  indexing: 'info',
  waiting: 'warn',
  degraded: 'warn',
  queued: 'none',
  pending: 'none',
  uploaded: 'none',
  draft: 'none',
  archived: 'none',
  cancelled: 'none',
  failed: 'bad',
  error: 'bad',
  unavailable: 'bad',
}

export function ApiState({
  state,
  reason,
}: {
  state: string
  reason?: string | null | undefined
}): ReactElement {
  return (
    <State tone={tones[state] ?? 'none'} title={reason ?? undefined}>
      {state}
    </State>
  )
}

/** A sentence that asks for attention. */
export function Notice({ tone, children }: { tone: Tone; children: ReactNode }): ReactElement {
  const Icon = tone === 'bad' ? OctagonAlert : looks[tone].icon
  return (
    <div className={classes('flex gap-2.5 rounded-lg px-3.5 py-2.5 text-sm', looks[tone].colours)}>
      <Icon aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 text-ink">{children}</div>
    </div>
  )
}
