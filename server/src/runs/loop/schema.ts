import { Problem } from '@roundhouse/sdk/contract'
import type { Ajv2020 as Ajv, Options } from 'ajv/dist/2020.js'

/** What is wrong with a value, in a sentence; null when nothing is. */
export type Check = (value: unknown) => string | null

type Schema = Readonly<Record<string, unknown>>

/** A schema of a stranger must not hold the process: V8 leaves the whole check when this is over, a match of a pattern too. */
const checkMs = 100
/** For one more look, where the machine had no time for the first. */
const longCheckMs = 1000
/** Who has worked for less of the time than this was kept waiting. */
const shareOfWork = 0.75
/** To compile, which each run does. 500 fields take 100 ms (2026-11-22, 2 cores). */
const compileCpuMs = 250
const mostErrors = 5

const options: Options = { strict: false, validateFormats: false, logger: false }
let judge: Ajv | undefined

/**
 * Of a new schema, whose runs are to begin at once.
 * @throws Problem `invalid-request` when it is none, or takes too long to compile.
 */
export async function assertSchema(schema: Schema): Promise<void> {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  rulesOf(Ajv2020)
  const before = cpuMs()
  compile(Ajv2020, schema)
  if (cpuMs() - before > compileCpuMs)
    throw new Problem('invalid-request', 'This JSON Schema takes too long to compile. Say less in it.')
}

/**
 * Of a JSON Schema (2020-12 and what drafts before it share with it). `format` says nothing about validity.
 * @param subject What the sentence calls the value.
 * @throws Problem `invalid-request` when it is no schema.
 */
export async function createCheck(schema: Schema, subject = 'answer'): Promise<Check> {
  // Most runs never need it.
  const [{ Ajv2020 }, { createContext, Script }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('node:vm'),
  ])
  const validate = compile(Ajv2020, schema)
  const work: { validate: typeof validate; value?: unknown } = { validate }
  const room = createContext(work)
  const run = new Script('validate(value)')

  /** Undefined when it was not over in time. */
  function looked(value: unknown, timeout: number): boolean | undefined {
    work.value = value
    try {
      return run.runInContext(room, { timeout }) === true
    } catch {
      return undefined
    } finally {
      work.value = undefined
    }
  }

  return value => {
    const before = cpuMs()
    let isValid = looked(value, checkMs)
    if (isValid === undefined && cpuMs() - before < shareOfWork * checkMs)
      isValid = looked(value, longCheckMs)
    if (isValid === undefined) return 'it could not be checked in time'
    if (isValid) return null
    return (validate.errors ?? [])
      .slice(0, mostErrors)
      .map(({ instancePath, message }) => `${subject}${instancePath} ${message}`)
      .join(', ')
  }
}

/** What compiles strangers' schemas is made anew for each, for it keeps them; what knows the rules, 100 times as dear, is not. */
function compile(Ajv2020: typeof Ajv, { $schema: _, ...schema }: Schema): ReturnType<Ajv['compile']> {
  const rules = rulesOf(Ajv2020)
  // The draft it names is not the only one that reads it.
  if (rules.validateSchema(schema) !== true)
    throw noSchema(rules.errorsText(rules.errors, { dataVar: 'schema' }))
  try {
    return new Ajv2020({
      ...options,
      meta: false,
      validateSchema: false,
      // What is referred to a thousand times is written once.
      inlineRefs: false,
    }).compile(schema)
  } catch (error) {
    // One that refers to itself in a circle, or to too much.
    if (error instanceof RangeError) throw noSchema('it is nested too deeply')
    throw noSchema(error instanceof Error ? error.message : String(error))
  }
}

function rulesOf(Ajv2020: typeof Ajv): Ajv {
  if (judge) return judge
  judge = new Ajv2020(options)
  // Compiles them.
  judge.validateSchema({})
  return judge
}

/** What this thread has worked; the machine's other work does not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function noSchema(why: string): Problem {
  return new Problem('invalid-request', `This is no JSON Schema: ${why}.`)
}
