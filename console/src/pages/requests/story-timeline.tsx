import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { classes } from '../../ui/class-names.ts'
import { duration } from '../../ui/format.ts'
import { ApiState } from '../../ui/state.tsx'
import type { StoryAxis } from './story-axis.ts'
import { gistOf, looks, titleOf } from './story-looks.ts'
import { hasFailed, type StoryRow } from './story-tree.ts'

const columns = 'sm:grid-cols-[5.5rem_minmax(14rem,1fr)_minmax(0,1fr)]'

/** Everything a request did, and on one axis when: what was done at the same time lies under each other. */
export function StoryTimeline({
  rows,
  axis,
  startMs,
  nowMs,
  open,
}: {
  rows: readonly StoryRow[]
  axis: StoryAxis
  startMs: number
  nowMs: number
  /** Id of the entry that is open. */
  open: string | undefined
}): ReactElement {
  return (
    <div
      role="table"
      aria-label="Story"
      data-list
      className="overflow-hidden rounded-xl border border-line bg-raised"
    >
      <div role="rowgroup">
        <div
          role="row"
          tabIndex={-1}
          className={classes(
            'hidden border-b border-line px-4 py-1.5 text-xs text-quiet sm:grid sm:gap-x-4',
            columns,
          )}
        >
          <span role="columnheader" tabIndex={-1} className="text-right">
            Begun
          </span>
          <span role="columnheader" tabIndex={-1}>
            What
          </span>
          <div role="columnheader" tabIndex={-1} className="relative">
            When
            {axis.pauses.map(({ at, width, ms }) => (
              <span
                key={at}
                className="absolute top-0 -translate-x-1/2 whitespace-nowrap"
                style={{ left: `${(at + width / 2) * 100}%` }}
              >
                {duration(ms)} later
              </span>
            ))}
          </div>
        </div>
      </div>
      <div role="rowgroup">
        {rows.map((row, index) => (
          <Row key={row.entry.id} {...{ row, index, axis, startMs, nowMs }} isOpen={row.entry.id === open} />
        ))}
      </div>
    </div>
  )
}

function Row({
  row,
  index,
  axis,
  startMs,
  nowMs,
  isOpen,
}: {
  row: StoryRow
  index: number
  axis: StoryAxis
  startMs: number
  nowMs: number
  isOpen: boolean
}): ReactElement {
  const { entry, depth } = row
  const { icon: Icon, one, bar } = looks[entry.kind]
  const endMs = row.endMs ?? nowMs
  const from = axis.place(row.startMs)
  const to = axis.place(endMs)
  const isWord = entry.status !== null && !['done', 'ok', 'info', 'debug'].includes(entry.status)
  return (
    <div
      role="row"
      tabIndex={-1}
      data-index={index}
      className={classes(
        'relative grid grid-cols-[4.25rem_minmax(0,1fr)] gap-x-3 gap-y-0.5 border-b border-line/50 px-3 py-1.5 text-sm last:border-0 hover:bg-sunken/60 has-[a:focus-visible]:bg-wash sm:gap-x-4 sm:px-4',
        columns,
        isOpen && 'bg-wash hover:bg-wash',
      )}
    >
      <div role="cell" className="pt-0.5 text-right font-mono text-xs text-quiet tabular">
        +{duration(row.startMs - startMs)}
      </div>
      <div role="cell" className="flex min-w-0 items-start gap-2" style={{ paddingLeft: `${depth * 1}rem` }}>
        <Icon aria-hidden="true" className="mt-1 size-3.5 shrink-0 text-quiet" />
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
            <Link
              from="/requests/$id"
              to="/requests/$id"
              search={before => ({ ...before, open: entry.id })}
              resetScroll={false}
              className="font-medium [overflow-wrap:anywhere] after:absolute after:inset-0 focus-visible:outline-none"
            >
              <span className="sr-only">{one} </span>
              {titleOf(entry)}
            </Link>
            {isWord && entry.status !== null && <ApiState state={entry.status} />}
          </div>
          <p className="truncate text-[13px] text-quiet">
            {endMs > row.startMs && (
              <span className="mr-2 text-ink tabular sm:hidden">{duration(endMs - row.startMs)}</span>
            )}
            {gistOf(entry) || one}
          </p>
        </div>
      </div>
      <div
        role="cell"
        aria-label={row.endMs === null ? 'not over yet' : `took ${duration(endMs - row.startMs)}`}
        className="relative hidden h-6 self-center sm:block"
      >
        {axis.pauses.map(({ at, width }) => (
          <span
            key={at}
            aria-hidden="true"
            className="absolute inset-y-[-0.5rem] border-x border-dashed border-line bg-sunken/70"
            style={{ left: `${at * 100}%`, width: `${width * 100}%` }}
          />
        ))}
        <span
          aria-hidden="true"
          className={classes(
            'absolute top-1.5 h-3 min-w-[3px] rounded-sm',
            hasFailed(entry) ? 'bg-bad' : bar,
            row.endMs === null && 'animate-pulse',
          )}
          style={{ left: `min(${from * 100}%, calc(100% - 3px))`, width: `${(to - from) * 100}%` }}
        />
        {endMs > row.startMs && <Took from={from} to={to} text={duration(endMs - row.startMs)} />}
      </div>
    </div>
  )
}

/** Behind its bar, or before it where there is more room, or in it. */
function Took({ from, to, text }: { from: number; to: number; text: string }): ReactElement {
  const style =
    to < 0.8
      ? { left: `calc(${to * 100}% + 0.4rem)` }
      : from > 0.2
        ? { right: `calc(${(1 - from) * 100}% + 0.4rem)` }
        : { right: '0.4rem' }
  const isWithin = to >= 0.8 && from <= 0.2
  return (
    <span
      aria-hidden="true"
      className={classes(
        'absolute top-1 text-xs leading-4 whitespace-nowrap tabular',
        isWithin ? 'rounded bg-raised px-1 text-ink' : 'text-quiet',
      )}
      style={style}
    >
      {text}
    </span>
  )
}
