import type { Agent } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { Copy, EllipsisVertical, Trash2 } from 'lucide-react'
import { type ReactElement, useCallback, useState } from 'react'
import type { ApiCall } from '../../../app/use-api.ts'
import { Button, buttonLook, IconButton } from '../../../ui/button.tsx'
import { CopyAsCurl } from '../../../ui/copy-as-curl.tsx'
import { Menu } from '../../../ui/menu.tsx'
import { State } from '../../../ui/state.tsx'
import { Ago } from '../../../ui/time.tsx'
import { configTitles } from './compare.ts'
import { DeleteAgent } from './delete-agent.tsx'
import { DuplicateAgent } from './duplicate-agent.tsx'
import type { DraftState } from './use-draft.ts'

/** What is saved and what is not, and what can be done with the whole draft. */
export function SaveBar({
  agent,
  state,
  onSave,
}: {
  agent: Agent
  state: DraftState
  onSave: () => void
}): ReactElement {
  const { unsaved, isSaving, draft } = state
  const [open, setOpen] = useState<'duplicate' | 'delete'>()
  const names = unsaved.map(field =>
    field in configTitles ? configTitles[field as keyof typeof configTitles] : field,
  )
  const call: ApiCall<Agent> = useCallback(
    (client, options) => client.agents.update(agent.id, state.change, options),
    [agent.id, state.change],
  )
  const nothing = unsaved.length === 0 && 'Nothing is changed.'
  return (
    <div className="sticky top-[3.1rem] z-20 -mx-4 -mt-6 mb-5 flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line bg-ground/95 px-4 py-2.5 backdrop-blur sm:-mx-6 sm:px-6 lg:top-0 lg:-mx-8 lg:px-8">
      <p role="status" className="min-w-0 flex-1 basis-48 truncate text-[13px] text-quiet">
        {unsaved.length === 0 ? (
          <>
            Draft saved <Ago at={agent.updated_at} />
          </>
        ) : (
          <>
            <State tone="warn">not saved</State>{' '}
            <span title={names.join(', ')}>{names.join(', ').toLowerCase()}</span>
          </>
        )}
      </p>
      <div className="flex flex-wrap items-center gap-2">
        {unsaved.length > 0 && <CopyAsCurl call={call} />}
        <Button size="small" onClick={state.revert} refused={nothing}>
          Revert
        </Button>
        <Button
          size="small"
          look="primary"
          onClick={onSave}
          busy={isSaving && 'Saving…'}
          refused={nothing}
          title="Ctrl S"
        >
          Save draft
        </Button>
        <Link to="/agents/$id/publish" params={{ id: agent.id }} className={buttonLook('plain', 'small')}>
          Publish…
        </Link>
        <Menu
          trigger={
            <IconButton label="More for this agent">
              <EllipsisVertical className="size-4" />
            </IconButton>
          }
          items={[
            { label: 'Duplicate…', icon: <Copy className="size-4" />, onSelect: () => setOpen('duplicate') },
            {
              label: 'Delete…',
              icon: <Trash2 className="size-4" />,
              onSelect: () => setOpen('delete'),
              danger: true,
            },
          ]}
        />
      </div>
      {open === 'duplicate' && <DuplicateAgent draft={draft} onClose={() => setOpen(undefined)} />}
      {open === 'delete' && (
        <DeleteAgent agent={agent} onClose={() => setOpen(undefined)} onDelete={state.revert} />
      )}
    </div>
  )
}
