import type { Program } from './program.ts'

/** Changes a text that comes in pieces: what all pieces and the end give is the same however it was cut. */
export type Scanner = {
  /** What may be told by now: nothing of it can become part of a match any more. */
  push(piece: string): string
  /** The rest. What is pushed next is another text. */
  end(): string
}

export type OnMatch = {
  /** Whether a match may begin behind this unit; -1 is the begin of the text. Absent: it may. */
  readonly follows?: ((unit: number) => boolean) | undefined
  /**
   * How much of a match is meant, from its begin; 0 when it is none after all. Absent: all.
   * @param next The unit behind it; -1 at the end of the text.
   */
  readonly accept?: ((match: string, next: number) => number) | undefined
  /** What stands in its place. */
  readonly found: (match: string) => string
  /** Shared with other searches of the same request; absent: its own. */
  readonly work?: Work | undefined
}

/** Steps that are left to be done. */
export type Work = { left: number }

/** The text is too much work. */
export class TooMuchWork extends Error {}

export function createWork(steps = mostSteps): Work {
  return { left: steps }
}

/**
 * What a text may take: so many steps at first, and with each of its characters. Prose takes 3 to 7 a character where any
 * letter may begin a match, `.{0,100}x` 200; 10 million take 0.5 to 0.9 s (2026-11-22, 2 cores).
 */
const stepsAtFirst = 200_000
const stepsPerCharacter = 250
/** And what all searches of a request may, however many texts and rules there are. */
const mostSteps = 40_000_000
/** What is held back for longer is no answer that comes as it is made. */
const mostHeld = 100_000

/**
 * Follows all ways through the program at once, so that the time grows with the text and no text holds the process. Of the
 * matches that begin first the longest counts; what is told ends where the first of those begins that are not over yet.
 * @throws TooMuchWork by `push` and `end`, also for what would have to be held back for too long.
 */
export function createScanner(
  { instructions, begin, begins }: Program,
  { follows, accept, found, work = createWork() }: OnMatch,
): Scanner {
  const size = instructions.length
  /** What has not been told yet. */
  let text = ''
  /** The unit before it; -1 at the begin of the text. */
  let before = -1
  /** How far in it was read. */
  let at = 0
  /** Ways that are open here, and where each began; those that began earlier come first. */
  let ways = new Int32Array(size)
  let starts = new Int32Array(size)
  let open = 0
  let nextWays = new Int32Array(size)
  let nextStarts = new Int32Array(size)
  const taking = new Int32Array(size)
  const takingStarts = new Int32Array(size)
  const marks = new Int32Array(size)
  let mark = 0
  const stack: number[] = []
  let bestStart = -1
  let bestEnd = -1
  let steps = stepsAtFirst
  /** What lies before was read already; it may be read again. */
  let furthest = 0

  function isHolding(what: string, last: number, next: number): boolean {
    if (what === 'begin') return last === -1
    if (what === 'end') return next === -1
    return (isWord(last) !== isWord(next)) === (what === 'edge')
  }

  /** Reads one unit, or the end as -1. */
  function read(next: number): void {
    if (open === 0 && bestStart === -1 && (next === -1 || !begins(next))) {
      at += 1
      return
    }
    const last = at === 0 ? before : text.charCodeAt(at - 1)
    const stepsBefore = steps
    mark += 1
    let count = 0
    const isFirst = bestStart === -1 && (next === -1 || (begins(next) && (!follows || follows(last))))
    for (let index = 0; index < open + (isFirst ? 1 : 0); index += 1) {
      const isNew = index === open
      const start = isNew ? at : (starts[index] ?? 0)
      if (bestStart !== -1 && start > bestStart) break
      stack.push(isNew ? begin : (ways[index] ?? 0))
      for (let way = stack.pop(); way !== undefined; way = stack.pop()) {
        if (marks[way] === mark) continue
        marks[way] = mark
        steps -= 1
        const instruction = instructions[way]
        switch (instruction?.kind) {
          case 'take':
            taking[count] = way
            takingStarts[count] = start
            count += 1
            break
          case 'either':
            for (const one of instruction.next) stack.push(one)
            break
          case 'assert':
            if (isHolding(instruction.what, last, next)) stack.push(instruction.next)
            break
          case 'match':
            // Of nothing there is no match.
            if (at > start) {
              bestStart = start
              bestEnd = at
            }
            break
        }
      }
    }
    let left = 0
    for (let index = 0; index < count; index += 1) {
      const start = takingStarts[index] ?? 0
      if (bestStart !== -1 && start > bestStart) break
      const instruction = instructions[taking[index] ?? 0]
      if (next !== -1 && instruction?.kind === 'take' && instruction.set.has(next)) {
        nextWays[left] = instruction.next
        nextStarts[left] = start
        left += 1
      }
    }
    work.left -= stepsBefore - steps
    ;[ways, nextWays] = [nextWays, ways]
    ;[starts, nextStarts] = [nextStarts, starts]
    open = left
    at += 1
    if (at > furthest) {
      furthest = at
      steps += stepsPerCharacter
    }
    if (steps < 0 || work.left < 0) throw new TooMuchWork()
  }

  function run(isEnd: boolean): string {
    let out = ''
    let told = 0
    while (at < text.length || (isEnd && at === text.length)) {
      read(at < text.length ? text.charCodeAt(at) : -1)
      if (open > 0 || bestStart === -1) continue
      const match = text.slice(bestStart, bestEnd)
      const length = accept
        ? accept(match, bestEnd < text.length ? text.charCodeAt(bestEnd) : -1)
        : match.length
      out += text.slice(told, bestStart)
      if (length > 0) out += found(match.slice(0, length))
      else out += match.charAt(0)
      told = bestStart + Math.max(1, length)
      at = told
      bestStart = -1
    }
    const safe = isEnd ? text.length : safeEnd()
    if (safe > told) out += text.slice(told, safe)
    const kept = Math.max(told, safe)
    if (kept > 0) before = text.charCodeAt(kept - 1)
    text = text.slice(kept)
    if (text.length > mostHeld) throw new TooMuchWork()
    at -= kept
    furthest -= kept
    for (let index = 0; index < open; index += 1) starts[index] = (starts[index] ?? 0) - kept
    if (bestStart !== -1) {
      bestStart -= kept
      bestEnd -= kept
    }
    return out
  }

  /** No half of a character is told. */
  function safeEnd(): number {
    let end = at
    if (open > 0) end = starts[0] ?? 0
    if (bestStart !== -1) end = Math.min(end, bestStart)
    const last = end > 0 ? text.charCodeAt(end - 1) : 0
    return last >= 0xd800 && last <= 0xdbff ? end - 1 : end
  }

  return {
    push(piece) {
      text += piece
      return run(false)
    },
    end() {
      const rest = run(true)
      before = -1
      at = 0
      furthest = 0
      return rest
    },
  }
}

function isWord(unit: number): boolean {
  return (
    (unit >= 0x30 && unit <= 0x39) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    unit === 0x5f ||
    (unit >= 0x61 && unit <= 0x7a)
  )
}
