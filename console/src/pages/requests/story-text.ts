import type { RequestStory } from '@roundhouse/sdk'
import { duration } from '../../ui/format.ts'
import { gistOf, looks, titleOf } from './story-looks.ts'
import type { StoryRow } from './story-tree.ts'

/** The story as plain text, for a message or an issue. */
export function storyText({ request_id: id }: RequestStory, rows: readonly StoryRow[]): string {
  const startMs = Math.min(...rows.map(row => row.startMs))
  const lines = rows.map(({ entry, depth, startMs: at, endMs }) => {
    const took = endMs !== null && endMs > at ? ` (${duration(endMs - at)})` : ''
    const state = entry.status === null ? '' : ` [${entry.status}]`
    const words = `${looks[entry.kind].one}: ${titleOf(entry)}${state} ${gistOf(entry)}`.trimEnd()
    return `${`+${duration(at - startMs)}`.padStart(10)}  ${'  '.repeat(depth)}${words}${took}`
  })
  return [`Request ${id}, begun ${new Date(startMs).toISOString()}`, ...lines, ''].join('\n')
}
