import type { LogLine } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { Minus, Plus } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { useApi } from '../../app/use-api.ts'
import { CodeBlock, CopyButton } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { duration } from '../../ui/format.ts'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Moment } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { LevelMark } from './level-mark.tsx'
import { isError } from './log-words.ts'

export type LineDetailProps = {
  id: string
  /** Known already, when it is in the list. */
  line: LogLine | undefined
  onFilter(key: string, value: string, not: boolean): void
  onClose(): void
}

/** All that a line says, and each part of it as a filter. */
export function LineDetail({ id, line, onFilter, onClose }: LineDetailProps): ReactElement {
  const asked = useApi(
    ['logs', 'line', id],
    async (client, options) =>
      (await client.logs.list({ ...options, q: `id:${id}`, limit: 1 })).data[0] ?? null,
    { enabled: line === undefined },
  )
  const shown = line ?? asked.data
  return (
    <Dialog title={shown?.event ?? 'Log line'} place="side" onClose={onClose}>
      {shown && <Whole line={shown} onFilter={onFilter} />}
      {!shown && asked.isPending && <Waiting what="the line" />}
      {asked.error && <ProblemNotice error={asked.error} retry={() => void asked.refetch()} />}
      {shown === null && <p className="text-sm text-quiet">This line is not kept any more.</p>}
    </Dialog>
  )
}

function Whole({ line, onFilter }: { line: LogLine; onFilter: LineDetailProps['onFilter'] }): ReactElement {
  const plain: [key: string, value: string | null, shown?: ReactNode][] = [
    ['event', line.event],
    ['request', line.request_id, line.request_id && <StoryLink id={line.request_id} />],
    ['user', line.user_id, line.user_id && <UserName id={line.user_id} />],
    ['method', line.method],
    ['path', line.path],
    ['status', line.status === null ? null : String(line.status)],
    ['model', line.model],
    ['process', line.process],
  ]
  const fields = Object.entries(line.fields)
  const errors = fields.flatMap(([, value]) => (isError(value) && value.stack ? [value.stack] : []))
  return (
    <div className="grid gap-5">
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
        <span className="font-medium">
          <LevelMark level={line.level} />
        </span>
        <Moment at={line.at} />
        {line.duration_ms !== null && <span className="tabular">took {duration(line.duration_ms)}</span>}
      </p>
      <dl className="grid text-sm">
        {plain.map(
          ([key, value, shown]) =>
            value !== null && (
              <Part key={key} name={key} value={value} shown={shown ?? value} onFilter={onFilter} />
            ),
        )}
        {fields.map(([name, value]) => {
          const isText = ['string', 'number', 'boolean'].includes(typeof value)
          const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
          return (
            <Part
              key={`field-${name}`}
              name={name}
              value={text}
              shown={isError(value) ? value.message : text}
              {...(isText && text.length <= 200 && { onFilter })}
            />
          )
        })}
      </dl>
      {errors.map(stack => (
        <CodeBlock key={stack} label="Stack" code={stack} />
      ))}
      <div>
        <h3 className="mb-1.5 text-[13px] font-medium text-quiet">As JSON</h3>
        <CodeBlock label="The line as JSON" code={JSON.stringify(line, null, 2)} />
      </div>
    </div>
  )
}

function StoryLink({ id }: { id: string }): ReactElement {
  return (
    <Link to="/requests/$id" params={{ id }} className="text-accent underline underline-offset-2">
      {id}
    </Link>
  )
}

function Part({
  name,
  value,
  shown,
  onFilter,
}: {
  name: string
  value: string
  shown: ReactNode
  onFilter?: LineDetailProps['onFilter']
}): ReactElement {
  return (
    <div className="grid grid-cols-[7rem_minmax(0,1fr)_auto] items-start gap-x-3 border-b border-line/60 py-1.5">
      <dt className="truncate text-quiet" title={name}>
        {name}
      </dt>
      <dd className="font-mono text-[13px] leading-6 [overflow-wrap:anywhere]">{shown}</dd>
      <dd className="flex">
        {onFilter && (
          <>
            <FilterButton label={`Only lines with this ${name}`} onClick={() => onFilter(name, value, false)}>
              <Plus className="size-3.5" />
            </FilterButton>
            <FilterButton
              label={`Without lines with this ${name}`}
              onClick={() => onFilter(name, value, true)}
            >
              <Minus className="size-3.5" />
            </FilterButton>
          </>
        )}
        <CopyButton text={value} label={name} />
      </dd>
    </div>
  )
}

function FilterButton({
  label,
  onClick,
  children,
}: {
  label: string
  onClick(): void
  children: ReactNode
}): ReactElement {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      className="inline-flex size-6 items-center justify-center rounded text-quiet hover:bg-sunken hover:text-ink"
    >
      {children}
    </button>
  )
}
