import type { AgentView } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { SelectField } from '../../../ui/field.tsx'
import { isOwn } from '../build/draft.ts'

/** Whether the published version answers or the draft; only those who may change the agent can choose. */
export function VersionChoice({
  agent,
  asksDraft,
  thread,
}: {
  agent: AgentView
  asksDraft: boolean
  thread: string | undefined
}): ReactElement {
  const navigate = useNavigate({ from: '/agents/$id' })
  const live = `Live, version ${agent.published_version}`
  if (!isOwn(agent)) return <span className="text-[13px] text-quiet">{live}</span>
  if (!agent.is_published)
    return <span className="text-[13px] text-quiet">Draft: nothing is published yet</span>
  return (
    <div className="w-44">
      <SelectField
        label="Which version answers"
        hideLabel
        className="h-7! text-[13px]"
        value={asksDraft ? 'draft' : 'live'}
        onChange={event => {
          const isDraft = event.target.value === 'draft'
          const search = {
            ...(thread !== undefined && { thread }),
            ...(isDraft && { version: 'draft' as const }),
          }
          void navigate({ search, replace: true })
        }}
      >
        <option value="live">{live}</option>
        <option value="draft">Draft</option>
      </SelectField>
    </div>
  )
}
