import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type RoundhouseConfig, roundhouseConfig } from '@roundhouse/sdk/config'
import { z } from 'zod'
import { ConfigError } from './config.ts'

/** What was found in the working folder, with defaults for nothing: an absent part declares nothing. */
export type ConfigFile = {
  /** Undefined when there is none. */
  path: string | undefined
  /** What relative paths in it start from. */
  folder: string
  content: RoundhouseConfig
}

const endings = ['ts', 'mts', 'js', 'mjs']

/**
 * Reads `roundhouse.config.ts` (or .mts, .js, .mjs) of a folder. Node runs it as it is: types are taken off, nothing is
 * compiled.
 * @throws ConfigError with every problem at once.
 */
export async function readConfigFile(folder: string): Promise<ConfigFile> {
  const base = resolve(folder)
  const path = await findFile(base)
  if (path === undefined) return { path, folder: base, content: {} }
  const exported = await load(path)
  if (!('default' in exported))
    throw new ConfigError([
      `${path}: exports no default. Write: export default defineConfig({ ... }), with defineConfig from @roundhouse/sdk/config.`,
    ])
  const { default: value } = exported
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError([
      `${path}: its default export is ${nameOf(value)} and must be an object: export default defineConfig({ ... }).`,
    ])
  const result = roundhouseConfig.safeParse(value)
  const problems = [...(result.error?.issues.flatMap(sentences) ?? []), ...twins(value)]
  if (problems.length > 0 || !result.success)
    throw new ConfigError(problems.map(problem => `${path}: ${problem}`))
  return { path, folder: base, content: result.data }
}

async function findFile(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter(name =>
    endings.some(ending => name === `roundhouse.config.${ending}`),
  )
  if (names.length > 1)
    throw new ConfigError([`${folder}: has ${names.sort().join(' and ')}. Keep one of them.`])
  return names[0] && join(folder, names[0])
}

async function load(path: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    throw new ConfigError([await whyNotLoaded(path, error)], { cause: error })
  }
}

/** Says where: of what it cannot read Node tells the place in the first line of the stack, or to `--check` alone. */
async function whyNotLoaded(path: string, error: unknown): Promise<string> {
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

const named = z.array(z.looseObject({ name: z.unknown() })).catch([])
const lists = z.looseObject({
  models: named,
  buckets: named,
  reports: z.looseObject({ templates: named }).catch({ templates: [] }),
})

/** What is right one by one and cannot be declared twice; told together with whatever else is wrong. */
function twins(value: object): string[] {
  const { models, buckets, reports } = lists.parse(value)
  return Object.entries({ models, buckets, 'reports.templates': reports.templates }).flatMap(
    ([list, declared]) => {
      const names = declared.map(({ name }) => name)
      return names.flatMap((name, index) => {
        const first = names.indexOf(name)
        if (typeof name !== 'string' || first === index) return []
        return [`${list}[${index}].name: ${name} is declared twice; the first is ${list}[${first}].`]
      })
    },
  )
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
