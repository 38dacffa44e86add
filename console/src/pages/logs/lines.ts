import type { LogLine } from '@roundhouse/sdk'

/** What is shown of the log: lines in the order of time, the newest last. */
export type Lines = {
  readonly shown: readonly LogLine[]
  /** Came while it was paused, in order. */
  readonly held: readonly LogLine[]
  /** Where older ones begin; null when there are none. */
  readonly cursor: string | null
  /** How far back was looked, where not everything was. */
  readonly searchedTo: string | null
  /** Older ones were let go, so that the page stays light. */
  readonly isCut: boolean
}

export const noLines: Lines = { shown: [], held: [], cursor: null, searchedTo: null, isCut: false }

/** Of what follows live: past this the oldest go, unless someone reads there. */
const mostLive = 5000
/** While it is paused, or read further up. */
const mostLines = 50_000

/** Lines that came live. */
export function withNew(
  lines: Lines,
  came: readonly LogLine[],
  { isPaused, isAtEnd }: { isPaused: boolean; isAtEnd: boolean },
): Lines {
  if (isPaused) return { ...lines, held: [...lines.held, ...came].slice(-mostLive) }
  const all = inOrder([...lines.shown, ...lines.held, ...came])
  const most = isAtEnd ? mostLive : mostLines
  if (all.length <= most + 500) return { ...lines, shown: all, held: [] }
  // The cursor would leave a gap: whoever wants them asks anew, up to the first line that is left.
  return { ...lines, shown: all.slice(-most), held: [], cursor: null, isCut: true }
}

/** A page of older lines, which is newest first. */
export function withOlder(
  lines: Lines,
  page: { data: readonly LogLine[]; next_cursor: string | null; searched_to: string | null },
): Lines {
  return {
    ...lines,
    shown: inOrder([...page.data.toReversed(), ...lines.shown]),
    cursor: page.next_cursor,
    searchedTo: page.searched_to,
  }
}

/** Processes write at their own pace: one may tell of a moment before what another has told. */
function inOrder(lines: readonly LogLine[]): readonly LogLine[] {
  for (let n = 1; n < lines.length; n += 1) {
    const [before, after] = [lines[n - 1], lines[n]]
    if (before && after && isLater(before, after)) return lines.toSorted((a, b) => (isLater(a, b) ? 1 : -1))
  }
  return lines
}

function isLater(a: LogLine, b: LogLine): boolean {
  return a.at > b.at || (a.at === b.at && a.id > b.id)
}
