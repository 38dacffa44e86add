import { getRouteApi } from '@tanstack/react-router'
import { CalendarRange, Download, Pause, Play, X } from 'lucide-react'
import { type ReactElement, useCallback, useRef, useState } from 'react'
import type { ApiCall } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { counted } from '../../ui/format.ts'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { localRange, localTime } from '../../ui/relative-time.ts'
import { LineDetail } from './line-detail.tsx'
import { LogList } from './log-list.tsx'
import { QueryBar } from './query-bar.tsx'
import { withCondition } from './query-terms.ts'
import { saveLines } from './save-lines.ts'
import { TailMark } from './tail-mark.tsx'
import { TimeRangeDialog } from './time-range.tsx'
import { type LogLines, queryFault, useLogLines } from './use-log-lines.ts'

const route = getRouteApi('/app/logs')

/** The tail of the log: what is asked for, whether it moves, and one line beside it stand in the address. */
export function LogTail(): ReactElement {
  const { q = '', from, to, open, paused: isPaused = false } = route.useSearch()
  const navigate = route.useNavigate()
  const isAtEnd = useRef(true)
  const [isChoosingTime, setChoosingTime] = useState(false)
  const lines = useLogLines({ q, from, to }, { isPaused, isAtEnd })
  const fault = queryFault(lines.error)
  const call = useCallback<ApiCall<unknown>>(
    (client, options) => client.logs.list({ ...options, q: q || undefined, from, to }),
    [q, from, to],
  )
  const ask = useCallback(
    (next: string) => {
      isAtEnd.current = true
      void navigate({
        search: before => ({ ...before, q: next || undefined, open: undefined }),
        replace: true,
      })
    },
    [navigate],
  )
  const isOver = to !== undefined

  return (
    <div className="flex h-[calc(100dvh-3.25rem)] min-h-[32rem] flex-col lg:h-dvh [&>div]:flex [&>div]:min-h-0 [&>div]:flex-1 [&>div]:flex-col [&>div]:py-4">
      <Page
        title="Logs"
        facts={
          <TailMark
            state={lines.state}
            hasFailed={lines.error !== undefined}
            isPaused={isPaused}
            held={lines.held.length}
            isFiltered={q !== ''}
          />
        }
        actions={
          <>
            <CopyAsCurl call={call} />
            <Button
              size="small"
              look="quiet"
              icon={<Download className="size-3.5" />}
              refused={lines.shown.length === 0 && 'There are no lines to save.'}
              onClick={() => saveLines(lines.shown)}
            >
              Save
            </Button>
            <Button
              size="small"
              icon={<CalendarRange className="size-3.5" />}
              onClick={() => setChoosingTime(true)}
            >
              {isOver ? rangeText(from, to) : 'Time'}
            </Button>
            {isOver ? (
              <Button
                size="small"
                look="primary"
                icon={<X className="size-3.5" />}
                onClick={() =>
                  void navigate({
                    search: before => ({ ...before, from: undefined, to: undefined }),
                    replace: true,
                  })
                }
              >
                Back to now
              </Button>
            ) : (
              <Button
                size="small"
                look={isPaused ? 'primary' : 'plain'}
                icon={isPaused ? <Play className="size-3.5" /> : <Pause className="size-3.5" />}
                onClick={() =>
                  void navigate({
                    search: before => ({ ...before, paused: isPaused ? undefined : true }),
                    replace: true,
                  })
                }
              >
                {isPaused ? 'Resume' : 'Pause'}
              </Button>
            )}
          </>
        }
      >
        <div className="-mt-3 flex min-h-0 flex-1 flex-col gap-3">
          <QueryBar q={q} fault={fault} onChange={ask} />
          {lines.error !== undefined && fault === undefined && (
            <ProblemNotice error={lines.error} retry={lines.retry} />
          )}
          <Body lines={lines} open={open} isAtEnd={isAtEnd} isFiltered={q !== ''} onClear={() => ask('')} />
          <p role="status" className="text-[13px] text-quiet tabular">
            {counted(lines.shown.length, 'line')} shown
            {lines.isCut && ', older ones were let go to keep the page light'}
          </p>
        </div>
      </Page>
      {open !== undefined && (
        <LineDetail
          id={open}
          line={lines.shown.find(line => String(line.id) === open)}
          onFilter={(key, value, not) => ask(withCondition(q, key, value, not))}
          onClose={() =>
            void navigate({ search: before => ({ ...before, open: undefined }), resetScroll: false })
          }
        />
      )}
      {isChoosingTime && (
        <TimeRangeDialog
          from={from}
          to={to}
          onChange={range =>
            void navigate({ search: before => ({ ...before, ...range, paused: undefined }) })
          }
          onClose={() => setChoosingTime(false)}
        />
      )}
    </div>
  )
}

function Body({
  lines,
  open,
  isAtEnd,
  isFiltered,
  onClear,
}: {
  lines: LogLines
  open: string | undefined
  isAtEnd: React.RefObject<boolean>
  isFiltered: boolean
  onClear(): void
}): ReactElement | null {
  if (lines.shown.length > 0)
    return (
      <LogList
        lines={lines.shown}
        open={open}
        isAtEnd={isAtEnd}
        onTop={lines.loadOlder}
        top={<HowFarBack lines={lines} />}
      />
    )
  if (lines.error !== undefined) return null
  if (lines.state === 'loading') return <Waiting what="the log" />
  const further = lines.cursor !== null && lines.searchedTo !== null
  return (
    <Empty
      title={isFiltered ? 'No line matches' : 'No lines yet'}
      actions={
        <>
          {isFiltered && <Button onClick={onClear}>Clear the query</Button>}
          {further && (
            <Button look="primary" busy={lines.isLoadingOlder && 'Searching…'} onClick={lines.loadOlder}>
              Search further back
            </Button>
          )}
        </>
      }
    >
      {further
        ? `Looked back to ${localTime(lines.searchedTo ?? '')} so far.`
        : 'Each request, job and run of the server leaves a line here as it happens. New ones show by themselves.'}
    </Empty>
  )
}

function HowFarBack({ lines }: { lines: LogLines }): ReactElement {
  if (lines.isLoadingOlder) return <span role="status">Loading older lines…</span>
  if (lines.cursor !== null)
    return (
      <Button size="small" look="quiet" onClick={lines.loadOlder}>
        {lines.searchedTo === null ? 'Older lines' : `Search before ${localTime(lines.searchedTo)}`}
      </Button>
    )
  return (
    <>{lines.isCut ? 'Older lines were let go: choose a time to see them.' : 'No older lines are kept.'}</>
  )
}

function rangeText(from: string | undefined, to: string): string {
  return from === undefined ? `Up to ${localTime(to)}` : localRange(Date.parse(from), Date.parse(to))
}
