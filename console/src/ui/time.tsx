import type { ReactElement } from 'react'
import { ago, localTime } from './relative-time.ts'
import { useNow } from './use-now.ts'

/** How long ago, or in how long; the exact UTC on hover and for whoever copies it. */
export function Ago({
  at,
  never = 'never',
}: {
  at: string | null | undefined
  never?: string
}): ReactElement {
  const now = useNow(15_000)
  if (!at) return <span className="text-quiet">{never}</span>
  return (
    <time dateTime={at} title={`${localTime(at)}\n${at}`} className="whitespace-nowrap">
      {ago(new Date(at).getTime(), now)}
    </time>
  )
}

/** Date and time in the reader's zone, which is named; the exact UTC on hover. */
export function Moment({ at }: { at: string }): ReactElement {
  return (
    <time dateTime={at} title={at} className="tabular">
      {localTime(at)}
    </time>
  )
}
