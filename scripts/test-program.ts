import { readFileSync } from 'node:fs'

/** A program that some tests start, and how it is had. */
export type TestProgram = {
  /** What the files say that need it: several rooms do, and their tests have names of their own. */
  readonly mark: RegExp
  /** Brings it where that is ours to do. Gives whether it is there. */
  readonly ensure: () => boolean
  /** Why the tests were left out, and what helps. */
  readonly missing: string
  readonly remedy: string
}

export function isNeededBy({ mark }: Pick<TestProgram, 'mark'>, testFile: string): boolean {
  return mark.test(readFileSync(testFile, 'utf8'))
}

/** Said before the tests and behind them. */
export function notTested({ missing, remedy }: TestProgram, skipped: readonly string[]): string {
  return [`NOT TESTED: ${missing} Skipped:`, ...skipped.map(file => `  ${file}`), remedy].join('\n')
}
