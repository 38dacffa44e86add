import { posix, resolve } from 'node:path'
import { modelName } from '@roundhouse/sdk/contract'
import { slugOf } from '../agents/slug.ts'
import { closedBuckets } from '../files/buckets.ts'
import type { EnvironmentReading } from './config.ts'
import type { Outline } from './declared-outline.ts'
import type { Config } from './settings.ts'

/** The bucket that only administrators see; the database refuses anything else. */
const internalBucket = 'models'

/**
 * What is right one by one and cannot work together, or not with the environment, such as `models[1].name: ...`.
 * @param folder What relative paths start from.
 */
export function conflictsOf(outline: Outline, environment: EnvironmentReading, folder: string): string[] {
  return [
    ...twins(outline),
    ...twinAgents(outline),
    ...copiesOf(outline, environment, folder),
    ...ofBuckets(outline, environment),
  ]
}

/** What is wrong with the model of `MODEL_PATH` by itself. */
export function conflictsOfEnvironment({ settings, refused }: EnvironmentReading): string[] {
  const name = nameFromEnvironment(settings)
  if (name === undefined || refused.has('MODEL_NAME') || modelName.safeParse(name).success) return []
  return [`MODEL_NAME: must be set, because "${name}" is no name of a model.`]
}

/** Of the model of `MODEL_PATH`; undefined when there is none. */
export function nameFromEnvironment({
  MODEL_NAME,
  MODEL_PATH,
  MODEL_LOCAL_PATH,
}: Partial<Config>): string | undefined {
  const file = MODEL_PATH ?? MODEL_LOCAL_PATH
  return file === undefined ? undefined : (MODEL_NAME ?? nameOfFile(file))
}

function nameOfFile(path: string): string {
  const base = posix.basename(path.replaceAll('\\', '/'))
  return base.replace(/(?<=.)\.[^.]*$/, '')
}

function twins({ models, buckets, reports }: Outline): string[] {
  const lists = { models, buckets, 'reports.templates': reports.templates }
  return Object.entries(lists).flatMap(([list, declared]) => {
    const names = declared.map(one => one?.name)
    return names.flatMap((name, index) => {
      const first = names.indexOf(name)
      if (name === undefined || first === index) return []
      return [`${list}[${index}].name: ${name} is declared twice; the first is ${list}[${first}].`]
    })
  })
}

function twinAgents({ agents }: Outline): string[] {
  const slugs = agents.map(
    agent => agent?.slug ?? (agent?.name === undefined ? undefined : slugOf(agent.name)),
  )
  return slugs.flatMap((slug, index) => {
    const first = slugs.indexOf(slug)
    if (slug === undefined || first === index) return []
    return [`agents[${index}].slug: ${slug} is declared twice; the first is agents[${first}].`]
  })
}

/** A model of `MODEL_PATH` that is declared here too, and copies that would overwrite one another. */
function copiesOf({ models }: Outline, { settings, refused }: EnvironmentReading, folder: string): string[] {
  const problems: string[] = []
  const takenBy = new Map<string, string>()
  const { MODEL_LOCAL_PATH } = settings
  if (MODEL_LOCAL_PATH !== undefined) takenBy.set(resolve(folder, MODEL_LOCAL_PATH), 'MODEL_LOCAL_PATH')
  const ofEnv = refused.has('MODEL_NAME') ? undefined : nameFromEnvironment(settings)
  for (const [index, model] of models.entries()) {
    if (model?.name !== undefined && model.name === ofEnv)
      problems.push(
        `models[${index}].name: ${ofEnv} is declared by MODEL_PATH too. Remove one, or set MODEL_NAME.`,
      )
    if (model?.local_path === undefined) continue
    const path = resolve(folder, model.local_path)
    const first = takenBy.get(path)
    if (first !== undefined)
      problems.push(
        `models[${index}].local_path: ${path} is the copy of ${first} already. Give each its own file.`,
      )
    else takenBy.set(path, `models[${index}]`)
  }
  return problems
}

function ofBuckets(
  { buckets }: Outline,
  { settings: { MAX_FILE_SIZE_BYTES: most } }: EnvironmentReading,
): string[] {
  return buckets.flatMap((bucket, index) => {
    const { name, file_size_limit: limit } = bucket ?? {}
    const at = `buckets[${index}]`
    const problems: string[] = []
    if (typeof limit === 'number' && most !== undefined && limit > most)
      problems.push(
        `${at}.file_size_limit: ${limit} bytes is more than this server takes, MAX_FILE_SIZE_BYTES, ${most}.`,
      )
    for (const field of ['public', 'open_folders'] as const)
      if (name === internalBucket && bucket?.[field])
        problems.push(`${at}.${field}: the bucket ${name} is for administrators alone. Take another one.`)
      else if (name !== undefined && closedBuckets.has(name) && bucket?.[field])
        problems.push(
          `${at}.${field}: the bucket ${name} holds ${closedBuckets.get(name)}. Take another one.`,
        )
    return problems
  })
}
