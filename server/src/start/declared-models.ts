import { posix, resolve } from 'node:path'
import { modelName } from '@roundhouse/sdk/contract'
import type { DeclaredModel } from '../models/declared.ts'
import type { ReportTemplate } from '../reports/templates.ts'
import { ConfigError, readConfig } from './config.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import { declaredTemplates } from './declared-templates.ts'
import type { Config } from './settings.ts'

/** All that this installation was told. */
export type Declared = { file: ConfigFile; models: DeclaredModel[]; templates: ReportTemplate[] }

/** Reads both, so that what is wrong with either is told at once. @throws ConfigError. */
export async function readConfiguration(
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Promise<{ config: Config; declared: Declared }> {
  const [ofEnv, ofFile] = await Promise.allSettled([
    new Promise<Config>(resolve => resolve(readConfig(env))),
    readConfigFile(folder),
  ])
  if (ofEnv.status === 'fulfilled' && ofFile.status === 'fulfilled') {
    const { value: config } = ofEnv
    const { value: file } = ofFile
    return { config, declared: await readDeclared(config, file) }
  }
  const reasons: unknown[] = [ofEnv, ofFile].flatMap(one => (one.status === 'rejected' ? [one.reason] : []))
  const unexpected = reasons.filter(reason => !(reason instanceof ConfigError))
  if (unexpected.length > 0) throw unexpected[0]
  throw new ConfigError(reasons.flatMap(reason => (reason instanceof ConfigError ? reason.problems : [])))
}

/** @throws ConfigError. */
export async function readDeclared(config: Config, file: ConfigFile): Promise<Declared> {
  const templates = await declaredTemplates(file)
  return { file, models: declaredModels(config, file), templates }
}

/** The one of `MODEL_PATH` first. @throws ConfigError. */
export function declaredModels(config: Config, file: ConfigFile): DeclaredModel[] {
  const ofFile = (file.content.models ?? []).map(
    (model): DeclaredModel => ({
      name: model.name,
      version: model.version,
      bucket: model.bucket ?? config.MODEL_BUCKET,
      path: model.path,
      sha256: model.sha256?.toLowerCase(),
      required: model.required ?? true,
      visibility: model.visibility,
      price: model.price,
      localPath: model.local_path === undefined ? undefined : resolve(file.folder, model.local_path),
      download: true,
    }),
  )
  const ofEnv = modelOfEnvironment(config, file.folder)
  if (!ofEnv) return ofFile
  const twin = ofFile.findIndex(({ name }) => name === ofEnv.name)
  if (twin < 0) return [ofEnv, ...ofFile]
  throw new ConfigError([
    `models[${twin}].name: ${ofEnv.name} is declared by MODEL_PATH too. Remove one, or set MODEL_NAME.`,
  ])
}

function modelOfEnvironment(config: Config, folder: string): DeclaredModel | undefined {
  const file = config.MODEL_PATH ?? config.MODEL_LOCAL_PATH
  if (file === undefined) return undefined
  const name = config.MODEL_NAME ?? nameOfFile(file)
  if (!modelName.safeParse(name).success)
    throw new ConfigError([`MODEL_NAME: must be set, because "${name}" is no name of a model.`])
  return {
    name,
    version: undefined,
    bucket: config.MODEL_BUCKET,
    path: config.MODEL_PATH ?? '',
    sha256: config.MODEL_SHA256?.toLowerCase(),
    required: true,
    visibility: undefined,
    price: undefined,
    localPath: config.MODEL_LOCAL_PATH === undefined ? undefined : resolve(folder, config.MODEL_LOCAL_PATH),
    download: config.MODEL_DOWNLOAD_ON_STARTUP && config.MODEL_PATH !== undefined,
  }
}

function nameOfFile(path: string): string {
  const base = posix.basename(path.replaceAll('\\', '/'))
  return base.replace(/(?<=.)\.[^.]*$/, '')
}
