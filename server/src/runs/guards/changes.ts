import type { GuardrailStage } from '@roundhouse/sdk/contract'
import type { Acts } from './acts.ts'
import { Refusal } from './refusal.ts'
import type { Rule } from './rule.ts'
import { createScanner, type Scanner, TooMuchWork, type Work } from './scanner.ts'

/**
 * What becomes of a text that comes in pieces under the rules that need no more than what has come.
 * @param work Shared with other texts; absent: each search has its own.
 */
export function createChanges(
  rules: readonly Rule[],
  stage: GuardrailStage,
  acts: Acts,
  work?: Work,
): Scanner {
  const scanners = rules.flatMap(rule => scannersOf(rule, stage, acts, work))
  return {
    push: piece => scanners.reduce((text, scanner) => scanner.push(text), withoutNul(piece)),
    end: () => scanners.reduce((text, scanner) => scanner.push(text) + scanner.end(), ''),
  }
}

function scannersOf(rule: Rule, stage: GuardrailStage, acts: Acts, work: Work | undefined): Scanner[] {
  if (rule.kind === 'length') return [createLimit(rule, stage, acts)]
  if (rule.kind !== 'search') return []
  return rule.searches.map(({ program, replacement, follows, accept }) => {
    const found = (match: string) => {
      acts.add(rule, stage)
      if (rule.action === 'refuse') throw new Refusal(rule, refuses(stage))
      return rule.action === 'mask' ? replacement : match
    }
    const scanner = createScanner(program, { follows, accept, found, work })
    return rule.action === 'flag' ? beside(scanner) : inTime(scanner, rule)
  })
}

/** What only takes note holds nothing back, and looks no further into a text that is too much work. */
function beside(scanner: Scanner): Scanner {
  let isOver = false
  const listen = (work: () => string) => {
    try {
      if (!isOver) work()
    } catch (error) {
      if (!(error instanceof TooMuchWork)) throw error
      isOver = true
    }
  }
  return {
    push(piece) {
      listen(() => scanner.push(piece))
      return piece
    },
    end() {
      listen(scanner.end)
      return ''
    },
  }
}

/** A text that is too much work for a rule does not get past it. */
function inTime(scanner: Scanner, rule: Rule): Scanner {
  const within = (work: () => string) => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof TooMuchWork)) throw error
      const { name, say, action } = rule
      throw new Refusal(
        { name, say: action === 'refuse' ? say : null },
        'takes too long with this text',
        error,
      )
    }
  }
  return { push: piece => within(() => scanner.push(piece)), end: () => within(scanner.end) }
}

/** One that refuses is for whole texts. */
function createLimit(rule: Extract<Rule, { kind: 'length' }>, stage: GuardrailStage, acts: Acts): Scanner {
  let left = rule.max
  let isOver = false
  /** Half of a character. */
  let half = ''
  return {
    push(piece) {
      const text = half + piece
      if (isOver) return rule.action === 'cut' ? '' : text
      isOver = text.length > left
      if (isOver) {
        acts.add(rule, stage)
        if (rule.action === 'refuse') throw new Refusal(rule, refuses(stage))
      }
      const shown = isOver && rule.action === 'cut' ? text.slice(0, left) : text
      const isHalved = /[\ud800-\udbff]$/.test(shown)
      half = isHalved && !isOver ? shown.slice(-1) : ''
      left -= shown.length - half.length
      return isHalved ? shown.slice(0, -1) : shown
    },
    end: () => half,
  }
}

/** It is not stored, and what stands around it would become one. */
function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '') : text
}

export function refuses(stage: GuardrailStage): string {
  const what = {
    input: 'what was sent',
    output: 'the answer',
    'tool-results': 'what the tool gave',
    'tool-arguments': 'these arguments',
  }
  return `refuses ${what[stage]}`
}
