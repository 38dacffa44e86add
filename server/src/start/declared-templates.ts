import { join, resolve } from 'node:path'
import { isProblem, reportTitle } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import { silentLog } from '../kit/log.ts'
import type { TypesetFiles, Typesetter } from '../ports/typesetter.ts'
import { type ReportData, type ReportTemplate, shippedTemplates } from '../reports/templates.ts'
import type { Outline } from './declared-outline.ts'
import { templatesFolder } from './paths.ts'
import { openTypesetter } from './report-typesetter.ts'
import { readTemplateFolder } from './template-folder.ts'

/** What a report has in any case; the template says what else it reads. */
const anyData = z.looseObject({ title: reportTitle, logo: z.string().min(1).max(1024).optional() })

const exampleFile = 'example.json'
const dot = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle cx="4" cy="4" r="4"/></svg>'

/**
 * The templates of the configuration file. They are read once, here: what changes on disk counts from the next start.
 * Each is set once with its example, so that one that cannot work is told now and not by the first report.
 * @returns Those that work, and what is wrong with the others, such as `reports.templates[0].folder: ...`.
 */
export async function readTemplates(
  declarations: Outline['reports']['templates'],
  folder: string,
): Promise<{ templates: ReportTemplate[]; problems: string[] }> {
  const shipped = shippedTemplates(templatesFolder).map(({ name }) => name)
  const problems: string[] = []
  const templates: ReportTemplate[] = []
  const typesetter = openTypesetter(silentLog)
  try {
    for (const [index, declared] of declarations.entries()) {
      const at = `reports.templates[${index}]`
      const { name = 'report', folder: inside } = declared ?? {}
      if (shipped.includes(name))
        problems.push(`${at}.name: ${name} comes with the server. Choose another name.`)
      if (inside === undefined) continue
      try {
        for (const { version, path, files } of await readTemplateFolder(resolve(folder, inside))) {
          const template = toTemplate(name, version, { path, files })
          await tryOut(template, typesetter)
          templates.push(template)
        }
      } catch (error) {
        problems.push(`${at}.folder: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  } finally {
    await typesetter.close()
  }
  return { templates, problems }
}

/** @throws Error when the example is none. */
function toTemplate(
  name: string,
  version: number,
  { path, files }: { path: string; files: TypesetFiles },
): ReportTemplate {
  const written = files[`/${exampleFile}`]
  return {
    name,
    version,
    description: 'Of this installation.',
    schema: anyData,
    example: written ? parseExample(join(path, exampleFile), written) : { title: name },
    files: async () => files,
  }
}

function parseExample(path: string, bytes: Uint8Array): ReportData {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}.`)
  }
  const { data, error } = anyData.safeParse(value)
  if (data) return data
  const [issue] = error.issues
  throw new Error(`${path}: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** @throws Error when it cannot be set with its example. */
async function tryOut(template: ReportTemplate, typesetter: Typesetter): Promise<void> {
  const files = await template.files()
  const { logo, ...rest } = anyData.parse(template.example)
  // An object of a bucket in a report; here any picture will do.
  const data = logo === undefined ? rest : { ...rest, logo: '/logo.svg' }
  const picture = logo === undefined ? {} : { '/logo.svg': Buffer.from(dot) }
  try {
    await typesetter.pdf({ ...files, ...picture, '/data.json': Buffer.from(JSON.stringify(data)) })
  } catch (error) {
    if (!isProblem(error) || error.code !== 'report-failed') throw error
    const hint =
      `/${exampleFile}` in files ? '' : ` Data that it needs go into ${exampleFile}, beside main.typ.`
    throw new Error(`version ${template.version}, tried with ${shortened(data)}: ${error.message}${hint}`, {
      cause: error,
    })
  }
}

function shortened(data: object): string {
  const text = JSON.stringify(data)
  return text.length > 80 ? exampleFile : text
}
