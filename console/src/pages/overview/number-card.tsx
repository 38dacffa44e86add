import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import type { Values } from '../../ui/measured.ts'
import { Sparkline } from '../../ui/sparkline.tsx'

/** A number, what it means, and how it came to be in the last hour; leads to where there is more. */
export function NumberCard({
  label,
  value,
  hint,
  course,
  link,
}: {
  label: string
  value: string
  hint: string
  course?: Values | undefined
  link: LinkProps
}): ReactElement {
  return (
    <div className="relative flex flex-col rounded-xl border border-line bg-raised px-4 py-3 hover:border-edge">
      <dt className="text-[13px] text-quiet">
        <Link {...link} className="after:absolute after:inset-0 after:rounded-xl">
          {label}
        </Link>
      </dt>
      <dd className="mt-0.5 text-xl font-semibold tracking-tight tabular">{value}</dd>
      <dd className="text-[13px] text-quiet">{hint}</dd>
      {course !== undefined && (
        <dd className="mt-auto pt-3">
          <Sparkline values={course} />
        </dd>
      )}
    </div>
  )
}
