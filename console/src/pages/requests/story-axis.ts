/** A part of the time in which something happened, and where it lies on the axis, 0 to 1. */
export type Stretch = { fromMs: number; toMs: number; start: number; end: number }

/** Time between two stretches in which nothing happened. */
export type Pause = { ms: number; at: number; width: number }

export type StoryAxis = {
  /** Where a moment lies, 0 to 1. */
  place(ms: number): number
  readonly stretches: readonly Stretch[]
  readonly pauses: readonly Pause[]
}

const pauseWidth = 0.05
/** A pause is left out when it is so many times as long as all that happened, and longer than a second. */
const pauseFactor = 2
const leastPauseMs = 1000

/**
 * An axis on which a job that is done a day later does not press all else into one point: long times in which nothing
 * happened take the room of a mark.
 */
export function storyAxis(spans: readonly { startMs: number; endMs: number }[]): StoryAxis {
  const busy = joined(spans)
  const busyMs = busy.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
  const longMs = Math.max(leastPauseMs, pauseFactor * busyMs)
  const groups: { fromMs: number; toMs: number }[] = []
  for (const { startMs, endMs } of busy) {
    const last = groups.at(-1)
    if (last && startMs - last.toMs < longMs) last.toMs = endMs
    else groups.push({ fromMs: startMs, toMs: endMs })
  }
  const shownMs = Math.max(
    1,
    groups.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
  )
  const room = Math.max(0.3, 1 - pauseWidth * Math.max(0, groups.length - 1))
  const gap = groups.length > 1 ? (1 - room) / (groups.length - 1) : 0
  const stretches: Stretch[] = []
  const pauses: Pause[] = []
  let at = 0
  for (const { fromMs, toMs } of groups) {
    const before = stretches.at(-1)
    if (before) {
      pauses.push({ ms: fromMs - before.toMs, at, width: gap })
      at += gap
    }
    // Single moments get as much as is there of each.
    const share = groups.every(group => group.toMs === group.fromMs)
      ? 1 / groups.length
      : (toMs - fromMs) / shownMs
    stretches.push({ fromMs, toMs, start: at, end: at + room * share })
    at += room * share
  }
  return { place: ms => placeOf(stretches, ms), stretches, pauses }
}

function placeOf(stretches: readonly Stretch[], ms: number): number {
  const stretch = stretches.find(({ toMs }) => ms <= toMs) ?? stretches.at(-1)
  if (!stretch) return 0
  const { fromMs, toMs, start, end } = stretch
  if (toMs === fromMs) return start
  return start + Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs))) * (end - start)
}

/** Those that touch become one. */
function joined(spans: readonly { startMs: number; endMs: number }[]) {
  const whole: { startMs: number; endMs: number }[] = []
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = whole.at(-1)
    if (last && span.startMs <= last.endMs) last.endMs = Math.max(last.endMs, span.endMs)
    else whole.push({ ...span })
  }
  return whole
}
