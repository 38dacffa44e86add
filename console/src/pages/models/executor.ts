import type { Model } from '@roundhouse/sdk'

/** How a version is run, as it was found when it was loaded first. */
export type Executor = { place: string; inWords: string; note: string | null }

const places: Record<string, string> = {
  inline: 'In the server’s own thread: it is that fast',
  thread: 'In a thread of its own',
  process: 'In a process of its own: some values may end it',
}

/** Undefined for a version that was never loaded. */
export function executorOf({ metadata }: Pick<Model, 'metadata'>): Executor | undefined {
  const found = metadata.executor
  if (typeof found !== 'object' || found === null || !('place' in found)) return undefined
  const place = String(found.place)
  const batching = 'batching' in found && found.batching === true && 'max_batch_rows' in found
  const rows = batching ? `, up to ${String(found.max_batch_rows)} rows at once` : ', each call alone'
  const note = 'note' in found && typeof found.note === 'string' ? found.note : null
  return { place, inWords: `${places[place] ?? place}${rows}.`, note }
}
