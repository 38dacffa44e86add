import type { ReactElement } from 'react'
import { count } from '../../ui/format.ts'
import { State, type Tone } from '../../ui/state.tsx'
import type { LogLines } from './use-log-lines.ts'

/** Whether the log moves, in words. */
export function TailMark({
  state,
  hasFailed,
  isPaused,
  held,
  isFiltered,
}: {
  state: LogLines['state']
  hasFailed: boolean
  isPaused: boolean
  held: number
  isFiltered: boolean
}): ReactElement {
  const [tone, words] = hasFailed ? (['bad', 'Stopped'] as const) : markOf(state, isPaused, held)
  return (
    <span role="status" className="flex items-center gap-2">
      <State tone={tone}>{words}</State>
      {isFiltered && <span className="text-[13px] text-quiet">filtered</span>}
    </span>
  )
}

function markOf(state: LogLines['state'], isPaused: boolean, held: number): [Tone, string] {
  if (state === 'over') return ['none', 'A time that is past']
  if (state === 'loading') return ['none', 'Loading']
  if (state === 'reconnecting') return ['warn', 'Reconnecting']
  if (isPaused) return ['warn', held > 0 ? `Paused, ${count(held)} new` : 'Paused']
  return ['good', 'Live']
}
