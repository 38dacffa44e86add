import type { LogLine } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { CSSProperties, ReactElement } from 'react'
import { classes } from '../../ui/class-names.ts'
import { duration, shortId } from '../../ui/format.ts'
import { localTime } from '../../ui/relative-time.ts'
import { LevelMark } from './level-mark.tsx'
import { gistOf, levels, lineTime, statusColour } from './log-words.ts'

export const wideGrid =
  'sm:grid sm:grid-cols-[var(--time)_4.25rem_minmax(7rem,11rem)_minmax(0,1fr)_2.5rem_4.5rem_5.5rem] sm:items-center sm:gap-x-3'

export type LogRowProps = {
  line: LogLine
  index: number
  style: CSSProperties
  now: Date
  isOpen: boolean
}

/** One line. Its link opens what else it says; the id of its request opens the story. */
export function LogRow({ line, index, style, now, isOpen }: LogRowProps): ReactElement {
  const { edge } = levels[line.level]
  const { main, rest } = gistOf(line)
  const at = lineTime(line.at, now)
  return (
    <div
      role="row"
      tabIndex={-1}
      data-index={index}
      aria-rowindex={index + 2}
      style={style}
      className={classes(
        'absolute inset-x-0 top-0 flex flex-col justify-center overflow-hidden border-l-2 px-3 font-mono text-[12.5px] leading-5 hover:bg-sunken has-[a:focus-visible]:bg-wash',
        edge,
        line.level === 'error' && 'bg-bad-wash/40',
        isOpen && 'bg-wash hover:bg-wash',
        wideGrid,
      )}
    >
      <div role="cell" className="flex gap-2 sm:contents">
        <time
          dateTime={line.at}
          title={`${localTime(line.at)}\n${line.at}`}
          className="truncate text-quiet tabular"
        >
          {at.day !== undefined && <span className="mr-1.5">{at.day}</span>}
          {at.time}
        </time>
        <LevelMark level={line.level} />
        <Link
          from="/logs"
          to="/logs"
          search={before => ({ ...before, open: String(line.id) })}
          resetScroll={false}
          className="min-w-0 truncate font-medium text-ink after:absolute after:inset-0 focus-visible:outline-none"
        >
          {line.event}
        </Link>
      </div>
      <div role="cell" className="flex min-w-0 gap-2 sm:contents">
        <span className="min-w-0 flex-1 truncate">
          {main !== '' && (
            <span className="mr-3" title={line.path ?? undefined}>
              {main}
            </span>
          )}
          <span className="text-quiet">{rest}</span>
        </span>
        <span className={classes('tabular sm:text-right', line.status !== null && statusColour(line.status))}>
          {line.status}
        </span>
        <span className="text-quiet tabular sm:text-right">
          {line.duration_ms !== null && duration(line.duration_ms)}
        </span>
        <span className="relative z-10 hidden truncate sm:inline">
          {line.request_id !== null && (
            <Link
              to="/requests/$id"
              params={{ id: line.request_id }}
              title={`The story of request ${line.request_id}`}
              className="text-quiet underline-offset-2 hover:text-accent hover:underline"
            >
              {shortId(line.request_id)}
              <span className="sr-only">, the story of this request</span>
            </Link>
          )}
        </span>
      </div>
    </div>
  )
}
