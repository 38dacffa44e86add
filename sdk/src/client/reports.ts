import {
  type CreatedReport,
  type CreateReport,
  createdReport,
  type LinkedReport,
  type ListReports,
  linkedReport,
  type Report,
  type ReportList,
  type ReportTemplates,
  reportList,
  reportTemplates,
} from '../contract/report.ts'
import type {
  ConversationTranscript,
  ForecastReport,
  PredictionBatchSummary,
} from '../contract/report-data.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/** The templates that come with the server have typed data; of others it is checked by the server alone. */
export type ReportRequest = Omit<CreateReport, 'template' | 'data'> &
  (
    | { template: 'forecast-report'; data: ForecastReport }
    | { template: 'prediction-batch-summary'; data: PredictionBatchSummary }
    | { template: 'conversation-transcript'; data: ConversationTranscript }
    | { template: string & {}; data: Readonly<Record<string, unknown>> }
  )

export type ListReportsOptions = CallOptions & Partial<ListReports>

/** The server waits for its turn, sets the report and stores it, within 65 s; then it says so. */
const makingTimeoutMs = 75_000

/** PDF reports. Every call throws what `Send` throws, and UnexpectedReply. */
export type ReportsClient = {
  /**
   * With a `message_id` the call may be repeated: a report for the same message takes the place of the one before. A try
   * has 75 s here, unless `options` says otherwise.
   * @throws Problem `report-failed`, `report-overloaded`, `invalid-request`.
   */
  create(report: ReportRequest, options?: CallOptions): Promise<CreatedReport>
  /** Those that the caller may see, newest first. */
  list(options?: ListReportsOptions): Promise<ReportList>
  /** The same, page after page. */
  iterate(options?: ListReportsOptions): AsyncGenerator<Report, void>
  /** With a new link to the file. @throws Problem `resource-not-found`. */
  get(id: string, options?: CallOptions): Promise<LinkedReport>
  /** A page, counted from 1, as PNG. @throws Problem `resource-not-found`. */
  preview(id: string, page: number, options?: CallOptions): Promise<Uint8Array>
  /** Its file too. @throws Problem `resource-not-found`, `forbidden`. */
  remove(id: string, options?: CallOptions): Promise<void>
  templates(options?: CallOptions): Promise<ReportTemplates>
}

export function createReportsClient(send: Send): ReportsClient {
  const list: ReportsClient['list'] = async ({ limit, cursor, template, ...options } = {}) => {
    const query = { limit, cursor, template }
    return readReply(reportList, await send({ method: 'GET', path: '/api/v1/reports', query }, options))
  }
  return {
    async create(report, options) {
      const call = jsonCall('POST', '/api/v1/reports', JSON.stringify(report))
      const timeoutMs = options?.timeoutMs ?? makingTimeoutMs
      return readReply(createdReport, await send({ ...call, creates: true }, { ...options, timeoutMs }))
    },
    list,
    iterate: (options = {}) => iteratePages(list, options),
    async get(id, options) {
      return readReply(
        linkedReport,
        await send({ method: 'GET', path: path`/api/v1/reports/${id}` }, options),
      )
    },
    async preview(id, page, options) {
      const at = path`/api/v1/reports/${id}/pages/${`${page}.png`}`
      const timeoutMs = options?.timeoutMs ?? makingTimeoutMs
      return (await send({ method: 'GET', path: at }, { ...options, timeoutMs })).body
    },
    async remove(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/reports/${id}` }, options)
    },
    async templates(options) {
      return readReply(
        reportTemplates,
        await send({ method: 'GET', path: '/api/v1/reports/templates' }, options),
      )
    },
  }
}
