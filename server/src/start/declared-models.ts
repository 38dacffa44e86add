import { resolve } from 'node:path'
import type { DeclaredModel } from '../models/declared.ts'
import type { ReportTemplate } from '../reports/templates.ts'
import {
  ConfigError,
  type Environment,
  type EnvironmentReading,
  inspectConfig,
  readConfig,
} from './config.ts'
import { type ConfigFile, type ConfigFileReading, readConfigFile } from './config-file.ts'
import { conflictsOf, conflictsOfEnvironment, nameFromEnvironment } from './declared-conflicts.ts'
import { outlineOf } from './declared-outline.ts'
import { readTemplates } from './declared-templates.ts'
import type { Config } from './settings.ts'

/** All that this installation was told. */
export type Declared = { file: ConfigFile; models: DeclaredModel[]; templates: ReportTemplate[] }

/**
 * Reads the environment and the configuration file, with the templates that it names.
 * @throws ConfigError with all that is wrong with any of them, or with them together.
 */
export async function readConfiguration(
  env: Environment,
  folder: string,
): Promise<{ config: Config; declared: Declared }> {
  const environment = inspectConfig(env)
  const reading = await readConfigFile(folder)
  const { problems, templates } = await check(environment, reading)
  refuse(problems)
  const config = readConfig(env)
  return { config, declared: toDeclared(config, reading.file, templates) }
}

/** @throws ConfigError. */
export async function readDeclared(config: Config, file: ConfigFile): Promise<Declared> {
  const environment = { settings: config, refused: new Set<string>(), problems: [] }
  const reading = { file, outline: outlineOf(file.content), problems: [] }
  const { problems, templates } = await check(environment, reading)
  refuse(problems)
  return toDeclared(config, file, templates)
}

async function check(
  environment: EnvironmentReading,
  { file, outline, problems: fileProblems }: ConfigFileReading,
): Promise<{ problems: string[]; templates: ReportTemplate[] }> {
  const { templates, problems: ofTemplates } = await readTemplates(outline.reports.templates, file.folder)
  const ofFile = [...conflictsOf(outline, environment, file.folder), ...ofTemplates]
  const at = file.path === undefined ? '' : `${file.path}: `
  return {
    templates,
    problems: [
      ...environment.problems,
      ...conflictsOfEnvironment(environment),
      ...fileProblems,
      ...ofFile.map(problem => at + problem),
    ],
  }
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(problems)
}

/** The model of `MODEL_PATH` first. */
function toDeclared(config: Config, file: ConfigFile, templates: ReportTemplate[]): Declared {
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
      kind: model.kind,
      localPath: model.local_path === undefined ? undefined : resolve(file.folder, model.local_path),
      download: true,
    }),
  )
  return { file, models: [...modelOfEnvironment(config, file.folder), ...ofFile], templates }
}

function modelOfEnvironment(config: Config, folder: string): DeclaredModel[] {
  const name = nameFromEnvironment(config)
  if (name === undefined) return []
  return [
    {
      name,
      version: undefined,
      bucket: config.MODEL_BUCKET,
      path: config.MODEL_PATH ?? '',
      sha256: config.MODEL_SHA256?.toLowerCase(),
      required: true,
      visibility: undefined,
      price: undefined,
      kind: undefined,
      localPath: config.MODEL_LOCAL_PATH === undefined ? undefined : resolve(folder, config.MODEL_LOCAL_PATH),
      download: config.MODEL_DOWNLOAD_ON_STARTUP && config.MODEL_PATH !== undefined,
    },
  ]
}
