import type { FollowedEvent } from '@roundhouse/sdk'

/** The events that still count: what a new attempt or a restarted step has taken back is left out. */
export function standingEvents(events: readonly FollowedEvent[]): FollowedEvent[] {
  let standing: FollowedEvent[] = []
  /** Up to the last step that has ended: nothing of it is taken back. */
  let finished = 0
  for (const followed of events) {
    const { event } = followed
    if (event.type === 'run-attempt' || event.type === 'step-restart')
      standing = standing.filter(
        (other, index) => index < finished || other.seq <= event.after || isMark(other.event.type),
      )
    standing.push(followed)
    if (event.type === 'step-end') finished = standing.length
  }
  return standing
}

function isMark(type: string): boolean {
  return type === 'run-attempt' || type === 'step-restart' || type === 'run-promote'
}
