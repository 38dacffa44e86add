import { type AgentToolOf, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Credits } from '../../credits/credits.ts'
import type { Files } from '../../files/files.ts'
import { reportAddress } from '../../reports/report-address.ts'
import type { CreatedReport, Reports } from '../../reports/reports.ts'
import type { ReportTemplate } from '../../reports/templates.ts'
import type { OpenedTool } from '../tool.ts'
import { derivedId } from './derived-id.ts'
import { needScope } from './need-scope.ts'
import { reportSchema } from './report-schema.ts'

const usualTemplate = 'forecast-report'
/** A report waits up to 20 s for its turn and takes up to 30 s; the rest is for reading its logo and storing it. */
const timeoutMs = 65_000
const logoBucket = 'agent-logos'
const logoEndings = ['svg', 'png', 'jpg', 'jpeg']
const mostExampleLetters = 1500

const reportArguments = z.record(z.string(), z.unknown())

/**
 * A report, as the caller would make it by `POST /api/v1/reports`: theirs, and paid by them. The same call made again makes
 * no second one, and is paid once.
 * @throws Problem `forbidden` without the scope `files`, `unauthenticated`, `resource-not-found` for the template.
 */
export async function reportTool(
  dependencies: {
    reports: Pick<Reports, 'templates' | 'create'>
    files: Pick<Files, 'listing'>
    credits: Pick<Credits, 'prices' | 'chargeIn'>
    publicUrl: string
  },
  caller: Caller,
  spec: AgentToolOf<'report'>,
): Promise<OpenedTool> {
  needScope(caller, 'files', 'reports')
  const { reports, files, credits, publicUrl } = dependencies
  const template = newestOf(reports.templates(), spec.template ?? usualTemplate)
  return {
    name: spec.name ?? 'report',
    description: `${spec.description ?? describe(template)}\nGives the link to the PDF, which whoever has it can open until it ends: pass it on as it is.`,
    parameters: reportSchema(template.schema),
    isRepeatable: true,
    timeoutMs,
    async call(args, { signal, timeoutMs, idempotencyKey }) {
      const logo = spec.logo ?? (await ownLogo(files, caller))
      const data = { ...reportArguments.parse(args), ...(logo === undefined ? {} : { logo }) }
      const bill = {
        userId: caller.userId,
        amount: caller.userId === null ? 0 : ((await credits.prices()).get('report') ?? 0),
        reason: `report ${template.name}`,
        reference: `report:${idempotencyKey}`,
      }
      const request = {
        template: template.name,
        version: template.version,
        data,
        messageId: derivedId('report-tool', idempotencyKey),
      }
      const made = await credits.chargeIn(bill, timeoutMs / 1000 + 60, pay =>
        reports.create(caller, request, { signal, within: pay }),
      )
      return toldOf(made, publicUrl)
    },
  }
}

function newestOf(templates: readonly ReportTemplate[], name: string): ReportTemplate {
  const [newest] = templates.filter(each => each.name === name).sort((a, b) => b.version - a.version)
  if (newest) return newest
  throw new Problem(
    'resource-not-found',
    `The agent makes reports by the template ${name}, which is not there.`,
  )
}

function describe({ description, example }: ReportTemplate): string {
  const shown = JSON.stringify(example)
  const more = shown.length > mostExampleLetters ? '' : ` For example: ${shown}`
  return `Makes a PDF: ${description}${more}`
}

/** By convention `logo.svg`, `logo.png` or `logo.jpg` in the folder of the caller. */
async function ownLogo(files: Pick<Files, 'listing'>, caller: Caller): Promise<string | undefined> {
  if (caller.userId === null) return undefined
  const beginning = `${caller.userId}/logo.`
  const { entries } = await files.listing.page(caller, logoBucket, {
    prefix: beginning,
    folders: false,
    column: 'name',
    order: 'asc',
    cursor: undefined,
    limit: 20,
  })
  const names = entries.map(({ name }) => name)
  return logoEndings.map(ending => beginning + ending).find(name => names.includes(name))
}

function toldOf({ report, link, missing }: CreatedReport, publicUrl: string): string {
  return JSON.stringify({
    report_id: report.id,
    title: report.title,
    pages: report.pages,
    url: reportAddress({ report, link }, publicUrl),
    expires_at: link?.expiresAt.toISOString() ?? null,
    ...(missing.length === 0 ? {} : { characters_that_print_as_boxes: missing }),
  })
}
