import type { ReactElement } from 'react'
import { Notice } from './state.tsx'
import { Moment } from './time.tsx'

/** One point more or less says nothing. */
const slackMs = (stepSeconds: number) => 2 * stepSeconds * 1000

/** Where a part of the time that is shown was before anything was measured, says so. */
export function SinceNotice({
  since,
  from,
  step,
}: {
  since: string | null
  from: string
  step: number
}): ReactElement | null {
  if (since !== null && Date.parse(since) - Date.parse(from) <= slackMs(step)) return null
  return (
    <div className="mb-6">
      <Notice tone="info">
        {since === null ? (
          'Nothing was measured yet. The first values come within half a minute.'
        ) : (
          <>
            Measured since <Moment at={since} />. There is nothing from before.
          </>
        )}
      </Notice>
    </div>
  )
}
