import type { ReactElement } from 'react'
import { classes } from '../ui/class-names.ts'
import type { Live } from './live.ts'

const words = { connecting: 'Connecting', live: 'Live', away: 'Reconnecting' }

/** Whether what is shown follows the server, in a word. */
export function LiveMark({ live }: { live: Live }): ReactElement {
  return (
    <span role="status" className="inline-flex items-center gap-1.5 text-xs text-quiet">
      <span
        aria-hidden="true"
        className={classes(
          'size-2 rounded-full',
          live.state === 'live' ? 'bg-good' : 'animate-pulse bg-warn',
        )}
      />
      {words[live.state]}
    </span>
  )
}
