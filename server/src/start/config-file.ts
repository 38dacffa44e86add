import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type RoundhouseConfig, roundhouseConfig } from '@roundhouse/sdk/config'
import type { z } from 'zod'
import { type Outline, outlineOf } from './declared-outline.ts'
import { taskProblems } from './declared-tasks.ts'
import { toolProblems } from './declared-tools.ts'

/** What was found in the working folder, with defaults for nothing: an absent part declares nothing. */
export type ConfigFile = {
  /** Undefined when there is none. */
  path: string | undefined
  /** What relative paths in it start from. */
  folder: string
  content: RoundhouseConfig
}

/** `content` declares nothing when there are problems; the outline is there for further checks all the same. */
export type ConfigFileReading = { file: ConfigFile; outline: Outline; problems: readonly string[] }

const endings = ['ts', 'mts', 'js', 'mjs']

/**
 * Reads `roundhouse.config.ts` (or .mts, .js, .mjs) of a folder, and throws for nothing that is in it. Node runs it as it
 * is: types are taken off, nothing is compiled.
 */
export async function readConfigFile(folder: string): Promise<ConfigFileReading> {
  const base = resolve(folder)
  const nothing = (path: string | undefined, ...problems: string[]): ConfigFileReading => ({
    file: { path, folder: base, content: {} },
    outline: outlineOf({}),
    problems,
  })
  const [name, ...more] = await findFiles(base)
  if (name === undefined) return nothing(undefined)
  if (more.length > 0)
    return nothing(undefined, `${base}: has ${[name, ...more].join(' and ')}. Keep one of them.`)
  const path = join(base, name)
  try {
    const value = defaultOf(await import(pathToFileURL(path).href))
    const { data, error } = roundhouseConfig.safeParse(value)
    const found = [
      ...(error?.issues.flatMap(sentences) ?? []),
      ...(await taskProblems(value, base)),
      ...toolProblems(value),
    ]
    const problems = found.map(problem => `${path}: ${problem}`)
    if (data) return { file: { path, folder: base, content: data }, outline: outlineOf(data), problems }
    return { ...nothing(path, ...problems), outline: outlineOf(value) }
  } catch (error) {
    return nothing(path, await whyNotLoaded(path, error))
  }
}

async function findFiles(folder: string): Promise<string[]> {
  const names = endings.map(ending => `roundhouse.config.${ending}`)
  return (await readdir(folder)).filter(name => names.includes(name)).sort()
}

class NoDefault extends Error {}

function defaultOf(exported: Record<string, unknown>): object {
  if (!('default' in exported))
    throw new NoDefault(
      'exports no default. Write: export default defineConfig({ ... }), with defineConfig from @roundhouse/sdk/config.',
    )
  const { default: value } = exported
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new NoDefault(
    `its default export is ${nameOf(value)} and must be an object: export default defineConfig({ ... }).`,
  )
}

/** Says where: of what it cannot read Node tells the place in the first line of the stack, or to `--check` alone. */
async function whyNotLoaded(path: string, error: unknown): Promise<string> {
  if (error instanceof NoDefault) return `${path}: ${error.message}`
  if (!(error instanceof Error)) return `${path}: threw ${String(error)}.`
  const sentence = error.message.replaceAll(/\s*\n\s*/g, ' ').trim()
  if ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
    return `${path}: ${sentence}. Is it installed in this folder? Run: npm install`
  const stack = error.stack ?? ''
  const told = firstPlace(stack) ?? /\bfile:\/\/[^\s()]+?:\d+/.exec(stack)?.[0]
  const place = told ?? (error instanceof SyntaxError ? await placeByCheck(path) : undefined)
  return `${place?.startsWith('file:') ? fileURLToPath(place) : (place ?? path)}: ${error.name}: ${sentence}`
}

function placeByCheck(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    execFile(process.execPath, ['--check', path], (_error, _stdout, stderr) => resolve(firstPlace(stderr)))
  })
}

/** `file:line`, when it is what the text begins with. */
function firstPlace(text: string): string | undefined {
  return /^(\S.*:\d+)$/m.exec(text.split('\n', 1)[0] ?? '')?.[1]
}

function sentences(issue: z.core.$ZodIssue): string[] {
  const at = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => `${pathOf([...issue.path, key])}: there is no such setting. Remove it.`)
  return [`${at}: ${issue.message}`]
}

/** `models[2].path` */
function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((before, part) => {
    if (typeof part === 'number') return `${before}[${part}]`
    return before === '' ? String(part) : `${before}.${String(part)}`
  }, '')
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'function' ? 'a function' : `a ${typeof value}`
}
