import { Link, type LinkProps, useLocation } from '@tanstack/react-router'
import { type ReactElement, type ReactNode, useEffect, useRef } from 'react'
import { classes } from './class-names.ts'

export type Crumb = { label: string; link: LinkProps }

export type PageProps = {
  title: string
  /** Beside the title: states, ids. */
  facts?: ReactNode
  /** One line on what this page is for. */
  about?: ReactNode
  crumbs?: readonly Crumb[]
  actions?: ReactNode
  tabs?: ReactNode
  children: ReactNode
}

/** One page: its title is the only heading of the first level, and that of the window. */
export function Page({ title, facts, about, crumbs = [], actions, tabs, children }: PageProps): ReactElement {
  useEffect(() => {
    document.title = `${title} · Roundhouse`
  }, [title])
  return (
    <div className="mx-auto w-full max-w-[110rem] px-4 py-6 sm:px-6 lg:px-8">
      <header className={classes('mb-6', tabs !== undefined && 'border-b border-line')}>
        {crumbs.length > 0 && (
          <nav aria-label="Breadcrumb" className="mb-1.5 flex flex-wrap gap-1.5 text-[13px] text-quiet">
            {crumbs.map(({ label, link }, index) => (
              <span key={label} className="flex gap-1.5">
                {index > 0 && <span aria-hidden="true">/</span>}
                <Link {...link} className="hover:text-ink hover:underline">
                  {label}
                </Link>
              </span>
            ))}
          </nav>
        )}
        <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
          <div className="min-w-0">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <h1 className="text-2xl font-semibold tracking-tight [overflow-wrap:anywhere]">{title}</h1>
              {facts}
            </div>
            {about !== undefined && (
              <p className="mt-1 max-w-[75ch] text-sm text-pretty text-quiet">{about}</p>
            )}
          </div>
          {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
        {tabs !== undefined && <div className="mt-4">{tabs}</div>}
      </header>
      {children}
    </div>
  )
}

/** Links to the parts of one thing; each has an address. */
export function TabBar({
  label,
  tabs,
}: {
  label: string
  tabs: readonly { label: string; link: LinkProps }[]
}): ReactElement {
  const bar = useRef<HTMLElement>(null)
  const path = useLocation({ select: location => location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: where there is no room for all, the open one is in sight
  useEffect(() => {
    const open = bar.current?.querySelector<HTMLElement>('[aria-current=page]')
    if (bar.current && open) bar.current.scrollLeft = open.offsetLeft - bar.current.offsetLeft - 24
  }, [path])
  return (
    <nav ref={bar} aria-label={label} className="-mb-px flex gap-1 overflow-x-auto">
      {tabs.map(tab => (
        <Link
          key={tab.label}
          {...tab.link}
          activeOptions={{ exact: true, includeSearch: false }}
          className="border-b-2 border-transparent px-3 py-2 text-sm font-medium whitespace-nowrap text-quiet hover:text-ink focus-visible:-outline-offset-2 aria-[current=page]:border-accent aria-[current=page]:text-ink"
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  )
}

/** A part of a page with a heading of the second level. */
export function Section({
  title,
  about,
  actions,
  children,
}: {
  title: string
  about?: ReactNode
  actions?: ReactNode
  children: ReactNode
}): ReactElement {
  return (
    <section aria-label={title} className="mb-8">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-3">
        <div>
          <h2 className="text-[15px] font-semibold">{title}</h2>
          {about !== undefined && (
            <p className="mt-0.5 max-w-[75ch] text-sm text-pretty text-quiet">{about}</p>
          )}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  )
}

export function Card({ children, className }: { children: ReactNode; className?: string }): ReactElement {
  return (
    <div className={classes('rounded-xl border border-line bg-raised p-4 sm:p-5', className)}>{children}</div>
  )
}

/** A number that is looked at often: what it is, the number with its unit, and what it means. */
export function Stat({
  label,
  value,
  hint,
}: {
  label: string
  value: ReactNode
  hint?: ReactNode
}): ReactElement {
  return (
    <div className="rounded-xl border border-line bg-raised px-4 py-3">
      <dt className="text-[13px] text-quiet">{label}</dt>
      <dd className="mt-0.5 text-xl font-semibold tracking-tight tabular">{value}</dd>
      {hint !== undefined && <dd className="mt-0.5 text-[13px] text-quiet">{hint}</dd>}
    </div>
  )
}

export function Stats({ children }: { children: ReactNode }): ReactElement {
  return (
    <dl className="mb-6 grid grid-cols-[repeat(auto-fit,minmax(min(10rem,100%),1fr))] gap-3 max-[30rem]:[&>:last-child:nth-child(odd)]:col-span-full">
      {children}
    </dl>
  )
}

/** What is known of one thing, name by name. */
export function Facts({
  facts,
}: {
  facts: readonly (readonly [name: string, value: ReactNode])[]
}): ReactElement {
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-6 gap-y-2 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-quiet">{name}</dt>
          <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What there could be, and how to get the first one. */
export function Empty({
  title,
  children,
  actions,
}: {
  title: string
  children: ReactNode
  actions?: ReactNode
}): ReactElement {
  return (
    <div className="flex flex-col items-center gap-3 rounded-xl border border-dashed border-edge/60 px-6 py-12 text-center">
      <h2 className="text-base font-semibold">{title}</h2>
      <div className="max-w-[55ch] text-sm text-quiet">{children}</div>
      {actions !== undefined && <div className="mt-1 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  )
}

/** While something is asked for; says what. */
export function Waiting({ what }: { what: string }): ReactElement {
  return (
    <p role="status" className="flex items-center gap-2 py-6 text-sm text-quiet">
      <span
        aria-hidden="true"
        className="inline-block size-4 animate-spin rounded-full border-2 border-line border-r-accent"
      />
      Loading {what}…
    </p>
  )
}
