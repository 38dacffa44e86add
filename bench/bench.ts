import type { BenchModels } from './models.ts'

/** What every measurement is given. */
export type Bench = {
  quick: boolean
  rounds: number
  warmUpMs: number
  windowMs: number
  models: BenchModels
  /** For what must not outlive the run. */
  folder: string
  say(text: string): void
}
