import type { StoryEntry } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { buttonLook } from '../../ui/button.tsx'
import { CodeBlock, Identifier } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { duration } from '../../ui/format.ts'
import { Facts } from '../../ui/page.tsx'
import { ApiState } from '../../ui/state.tsx'
import { Moment } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { looks, titleOf } from './story-looks.ts'

/** One entry of the story, whole, with the way to its own page. */
export function EntryDetail({ entry, onClose }: { entry: StoryEntry; onClose(): void }): ReactElement {
  const { kind, status, at, ended_at: endedAt, user_id: user, attributes } = entry
  const took = endedAt === null ? undefined : Date.parse(endedAt) - Date.parse(at)
  const facts: [string, ReactNode][] = [
    ['Kind', looks[kind].one],
    ...(status === null
      ? []
      : ([['State', <ApiState key="state" state={status} />]] as [string, ReactNode][])),
    ['Started', <Moment key="begun" at={at} />],
    ...(endedAt === null ? [] : ([['Ended', <Moment key="ended" at={endedAt} />]] as [string, ReactNode][])),
    ...(took === undefined ? [] : ([['Took', duration(took)]] as [string, ReactNode][])),
    ['Whose', <UserName key="user" id={user} />],
    ['Id', <Identifier key="id" value={entry.id} label="id" />],
  ]
  return (
    <Dialog title={titleOf(entry)} place="side" onClose={onClose}>
      <div className="grid gap-5">
        <Facts facts={facts} />
        <OwnPage entry={entry} />
        {Object.keys(attributes).length > 0 && (
          <div>
            <h3 className="mb-1.5 text-[13px] font-medium text-quiet">Details</h3>
            <CodeBlock label="Attributes as JSON" code={JSON.stringify(attributes, null, 2)} />
          </div>
        )}
      </div>
    </Dialog>
  )
}

function OwnPage({ entry }: { entry: StoryEntry }): ReactElement | null {
  const { kind, id, parent_id: parent, attributes } = entry
  const look = `${buttonLook('primary')} justify-self-start`
  if (kind === 'job')
    return (
      <Link to="/jobs/$id" params={{ id }} className={look}>
        Open the job
      </Link>
    )
  if (kind === 'run')
    return (
      <Link to="/runs/$id" params={{ id }} className={look}>
        Open the run
      </Link>
    )
  if (kind === 'llm' || kind === 'tool')
    return (
      <Link to="/runs/$id" params={{ id: id.split(':')[0] ?? id }} search={{ span: id }} className={look}>
        Open it in the run
      </Link>
    )
  if (kind === 'approval' && parent !== null)
    return (
      <Link to="/runs/$id" params={{ id: parent }} className={look}>
        Open the run
      </Link>
    )
  if (kind === 'report')
    return (
      <Link to="/reports/$id" params={{ id }} className={look}>
        Open the report
      </Link>
    )
  if (kind === 'prediction' && typeof attributes.model_id === 'string')
    return (
      <Link
        to="/models/$id/predictions"
        params={{ id: attributes.model_id }}
        search={{ open: id }}
        className={look}
      >
        Open it among the predictions
      </Link>
    )
  if (kind === 'log')
    return (
      <Link to="/logs" search={{ open: id.replace('log:', '') }} className={look}>
        Open it in the logs
      </Link>
    )
  return null
}
