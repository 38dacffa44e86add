import type { BenchModels } from './models.ts'

/** What every measurement is given. */
export type Bench = {
  quick: boolean
  rounds: number
  warmUpMs: number
  /** Per target before the first round: V8 compiles the path of a request well only after some 50,000 of them. */
  jitMs: number
  windowMs: number
  models: BenchModels
  /** For what must not outlive the run. */
  folder: string
  say(text: string): void
}
