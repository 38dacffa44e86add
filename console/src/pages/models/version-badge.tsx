import type { Model } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { State } from '../../ui/state.tsx'
import { type Served, versionState } from './version-state.ts'

/** The state of a version, with the reason beside it unless it stands `alone`. */
export function VersionBadge({
  model,
  served,
  alone = false,
}: {
  model: Model
  served: Served
  alone?: boolean
}): ReactElement {
  const { word, tone, reason } = versionState(model, served)
  return (
    <span className="flex min-w-0 items-center gap-2">
      <State tone={tone} title={reason ?? undefined}>
        {word}
      </State>
      {!alone && reason !== null && (tone === 'bad' || word === 'not loaded') && (
        <span className="min-w-0 truncate text-[13px] text-quiet" title={reason}>
          {reason}
        </span>
      )}
    </span>
  )
}
