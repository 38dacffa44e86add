import type { ReactElement } from 'react'

/** How far something is; without `total` it only says that it goes on. */
export function Progress({
  label,
  done,
  total,
}: {
  label: string
  done: number
  total: number | null
}): ReactElement {
  const share = total === null || total === 0 ? undefined : Math.min(1, done / total)
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
      className="h-1.5 w-full overflow-hidden rounded-full bg-line"
    >
      <div
        className={
          share === undefined
            ? 'h-full w-1/3 animate-pulse rounded-full bg-accent'
            : 'h-full rounded-full bg-accent transition-[width]'
        }
        style={share === undefined ? undefined : { width: `${share * 100}%` }}
      />
    </div>
  )
}
