import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { conversationTranscript, forecastReport, predictionBatchSummary } from '@roundhouse/sdk/contract'
import type { z } from 'zod'
import type { TypesetFiles } from '../ports/typesetter.ts'
import { transcriptExample } from './examples/conversation-transcript.ts'
import { forecastExample } from './examples/forecast-report.ts'
import { batchExample } from './examples/prediction-batch-summary.ts'
import { printBatch, printForecast, printTranscript } from './print.ts'

/** A version never changes how a report looks: what shows is a new version beside it. */
export type ReportTemplate = {
  readonly name: string
  readonly version: number
  readonly description: string
  /** What the data must be; it gives all that the template reads: the data, and `print` with what is made of them. */
  readonly schema: z.ZodType<ReportData>
  readonly example: unknown
  /** `/main.typ` and what it imports. */
  files(): Promise<TypesetFiles>
}

/** `logo` names an object of the bucket `agent-logos`; `title` is that of the report. */
export type ReportData = { title: string; logo?: string | undefined }

/** The templates that come with the server, of its folder `templates`. */
export function shippedTemplates(folder: string): readonly ReportTemplate[] {
  const house = ['shared/1/house.typ']
  return [
    {
      name: 'forecast-report',
      version: 1,
      description:
        'Cover with logo, key figures, chart of history and forecast with its interval, table by period, assumptions.',
      schema: forecastReport.transform(printForecast),
      example: forecastExample,
      files: () => readTemplate(folder, 'reports/forecast-report/1', [...house, 'shared/1/charts.typ']),
    },
    {
      name: 'prediction-batch-summary',
      version: 1,
      description: 'Counts, durations, distributions, failures and the rows of a batch of predictions.',
      schema: predictionBatchSummary.transform(printBatch),
      example: batchExample,
      files: () =>
        readTemplate(folder, 'reports/prediction-batch-summary/1', [...house, 'shared/1/tables.typ']),
    },
    {
      name: 'conversation-transcript',
      version: 1,
      description: 'The messages of a conversation, in their order, with who wrote them and when.',
      schema: conversationTranscript.transform(printTranscript),
      example: transcriptExample,
      files: () =>
        readTemplate(folder, 'reports/conversation-transcript/1', [...house, 'shared/1/blocks.typ']),
    },
  ]
}

async function readTemplate(folder: string, path: string, shared: readonly string[]): Promise<TypesetFiles> {
  const read = async (at: string, name: string) => [name, await readFile(join(folder, at))] as const
  return Object.fromEntries(
    await Promise.all([read(`${path}/main.typ`, '/main.typ'), ...shared.map(name => read(name, `/${name}`))]),
  )
}
