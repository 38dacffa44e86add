import { join } from 'node:path'
import { createTypesetter } from '../adapters/typst/typesetter.ts'
import type { Log } from '../kit/log.ts'
import type { Typesetter } from '../ports/typesetter.ts'
import { templatesFolder } from './paths.ts'

/** The largest reports, of some 170 pages, took 10 s on a busy machine (2026-11). */
const timeoutMs = 30_000
const memoryBytes = 1_000_000_000

/** The same limits hold for a report and for the trial of a declared template. */
export function openTypesetter(log: Log): Typesetter {
  return createTypesetter({ log, fontsFolder: join(templatesFolder, 'fonts'), timeoutMs, memoryBytes })
}
