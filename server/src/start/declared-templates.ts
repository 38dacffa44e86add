import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import type { TemplateDeclaration } from '@roundhouse/sdk/config'
import { z } from 'zod'
import type { TypesetFiles } from '../ports/typesetter.ts'
import { type ReportTemplate, shippedTemplates } from '../reports/templates.ts'
import { ConfigError } from './config.ts'
import type { ConfigFile } from './config-file.ts'
import { templatesFolder } from './paths.ts'

const maxFiles = 200
const maxBytes = 20_000_000

/** What a report has in any case; the template says what else it reads. */
const anyData = z.looseObject({
  title: z.string().min(1).max(200),
  logo: z.string().min(1).max(1024).optional(),
})

/**
 * The templates of the configuration file. A folder with `main.typ` is version 1; one with folders `1`, `2`, ... has so
 * many versions. They are read once, here: what changes on disk counts from the next start.
 * @throws ConfigError with every problem at once.
 */
export async function declaredTemplates({ path, folder, content }: ConfigFile): Promise<ReportTemplate[]> {
  const shipped = shippedTemplates(templatesFolder).map(({ name }) => name)
  const problems: string[] = []
  const templates: ReportTemplate[] = []
  for (const [index, declared] of (content.reports?.templates ?? []).entries()) {
    const at = `${path}: reports.templates[${index}]`
    if (shipped.includes(declared.name))
      problems.push(`${at}.name: ${declared.name} comes with the server. Choose another name.`)
    try {
      templates.push(...(await readVersions(declared, resolve(folder, declared.folder))))
    } catch (error) {
      problems.push(`${at}.folder: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return templates
}

async function readVersions({ name }: TemplateDeclaration, folder: string): Promise<ReportTemplate[]> {
  const names = await readdir(folder).catch(() => {
    throw new Error(`there is no folder ${folder}.`)
  })
  const versions = names.filter(entry => /^[1-9]\d{0,5}$/.test(entry))
  if (!names.includes('main.typ') && versions.length === 0)
    throw new Error(`${folder} has no main.typ, and no folder 1 with one.`)
  if (names.includes('main.typ')) return [toTemplate(name, 1, await readFiles(folder))]
  return Promise.all(
    versions.map(async version => {
      const files = await readFiles(join(folder, version))
      if (!files['/main.typ']) throw new Error(`${join(folder, version)} has no main.typ.`)
      return toTemplate(name, Number(version), files)
    }),
  )
}

function toTemplate(name: string, version: number, files: TypesetFiles): ReportTemplate {
  return {
    name,
    version,
    description: 'Of this installation.',
    schema: anyData,
    example: { title: name },
    files: async () => files,
  }
}

/** All of them: fonts and pictures too. */
async function readFiles(folder: string): Promise<TypesetFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  if (paths.length > maxFiles) throw new Error(`${folder} has ${paths.length} files, more than ${maxFiles}.`)
  const sizes = await Promise.all(paths.map(async path => (await stat(path)).size))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (bytes > maxBytes) throw new Error(`${folder} has ${bytes} bytes, more than ${maxBytes}.`)
  const read = paths.map(async path => {
    const inside = relative(folder, path).split(sep).join('/')
    return [`/${inside}`, await readFile(path)] as const
  })
  return Object.fromEntries(await Promise.all(read))
}
