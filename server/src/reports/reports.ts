import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import { type Caller, mayEverything, mayManage, maySee } from '../accounts/caller.ts'
import type { Files } from '../files/files.ts'
import { onBehalfOf } from '../files/put.ts'
import type { Ids } from '../kit/ids.ts'
import type { Database } from '../ports/database.ts'
import type { TypesetFiles, Typesetter } from '../ports/typesetter.ts'
import { logoKind } from './logo.ts'
import { createReportStore, type ReportRow, type ReportTables } from './store.ts'
import type { ReportData, ReportTemplate } from './templates.ts'

export type ReportRequest = {
  template: string
  /** The newest one when absent. */
  version?: number | undefined
  data: unknown
  title?: string | undefined
  messageId?: string | undefined
  visibility?: ReportRow['visibility'] | undefined
}

/** A report and the token of a link to its file; null when the file is no longer there. */
export type LinkedReport = { report: ReportRow; link: { token: string; expiresAt: Date } | null }

export type Reports = {
  templates(): readonly ReportTemplate[]
  /**
   * Sets the PDF and stores it. One for the same message takes the place of the one before.
   * @throws Problem `invalid-request` (data, logo), `resource-not-found` (template), `unauthenticated`, and what
   *   Typesetter.pdf throws.
   */
  create(caller: Caller, request: ReportRequest, signal?: AbortSignal): Promise<LinkedReport>
  /** What the caller may see, newest first. */
  list(caller: Caller, options: { beforeId: string | undefined; limit: number }): Promise<ReportRow[]>
  /** @throws Problem `resource-not-found`, `unauthenticated` */
  get(caller: Caller, id: string): Promise<LinkedReport>
  /** A page, counted from 1, as PNG. @throws Problem `resource-not-found`, and what Typesetter.png throws. */
  preview(caller: Caller, id: string, page: number, signal?: AbortSignal): Promise<Uint8Array>
  /** @throws Problem `resource-not-found`, `forbidden`, `unauthenticated` */
  remove(caller: Caller, id: string): Promise<void>
}

export const reportBucket = 'reports'
const logoBucket = 'agent-logos'
const linkSeconds = 3600
const maxLogoBytes = 2 * 1024 * 1024
const maxReportBytes = 64 * 1024 * 1024

export function createReports(dependencies: {
  database: Database<ReportTables>
  files: Pick<Files, 'objects' | 'links'>
  typesetter: Typesetter
  ids: Ids
  templates: readonly ReportTemplate[]
}): Reports {
  const { database, files, typesetter, ids, templates } = dependencies

  function templateOf(name: string, version: number | undefined): ReportTemplate {
    const ofName = templates.filter(template => template.name === name)
    const wanted = version ?? Math.max(...ofName.map(template => template.version))
    const found = ofName.find(template => template.version === wanted)
    if (found) return found
    throw new Problem(
      'resource-not-found',
      ofName.length === 0
        ? `There is no template ${name}; there is ${[...new Set(templates.map(each => each.name))].join(', ')}.`
        : `Template ${name} has no version ${version}; it has ${ofName.map(each => each.version).join(', ')}.`,
    )
  }

  /** The template, its data as JSON, and the logo: all that the report can read. */
  async function gather(caller: Caller, template: ReportTemplate, data: ReportData): Promise<TypesetFiles> {
    const given = { ...(await template.files()) }
    if (data.logo === undefined) return { ...given, '/data.json': json(data) }
    const logo = await readLogo(caller, data.logo)
    const path = `/logo.${logoKind(logo)}`
    return { ...given, [path]: logo, '/data.json': json({ ...data, logo: path }) }
  }

  async function readLogo(caller: Caller, name: string): Promise<Uint8Array> {
    try {
      const { object } = await files.objects.info(caller, logoBucket, name)
      if (object.size_bytes > maxLogoBytes)
        throw new Problem(
          'invalid-request',
          `data.logo: ${name} has ${object.size_bytes} bytes, more than the ${maxLogoBytes} of a logo.`,
        )
      return await buffer(await files.objects.read(object))
    } catch (error) {
      if (!isGone(error)) throw error
      const sentence = `data.logo: there is no object ${JSON.stringify(name.slice(0, 200))} in the bucket ${logoBucket}.`
      throw new Problem('invalid-request', sentence, { cause: error })
    }
  }

  async function visible(caller: Caller, id: string): Promise<ReportRow> {
    const row = await database.as(caller, db => createReportStore(db).byId(id))
    if (row && maySee(caller, row)) return row
    throw noReport(caller, id)
  }

  /** By our own right: who may see the report may read its file. */
  async function linked(report: ReportRow): Promise<LinkedReport> {
    try {
      const owner = onBehalfOf(report.owner_id)
      return {
        report,
        link: await files.links.signDownload(owner, reportBucket, report.object_name, linkSeconds),
      }
    } catch (error) {
      if (isGone(error)) return { report, link: null }
      throw error
    }
  }

  return {
    templates: () => templates,

    async create(caller, request, signal) {
      const owner = ownerOf(caller)
      const template = templateOf(request.template, request.version)
      const data = checked(template, request.data)
      const { pdf, pages } = await typesetter.pdf(await gather(caller, template, data), signal)
      const messageId = request.messageId ?? ids.uuid()
      const name = `${owner ?? 'house'}/${messageId}.pdf`
      const stored = await files.objects.putFor(owner, {
        bucket: reportBucket,
        name,
        source: Readable.from([pdf]),
        contentType: 'application/pdf',
        upsert: true,
        maxBytes: maxReportBytes,
      })
      const report = await database.as(caller, db =>
        createReportStore(db).put({
          id: ids.uuid(),
          owner_id: owner,
          message_id: messageId,
          template: template.name,
          version: template.version,
          title: request.title ?? data.title,
          visibility: request.visibility ?? 'private',
          object_name: name,
          pages,
          size_bytes: stored.size_bytes,
        }),
      )
      return linked(report)
    },

    list: (caller, options) =>
      database.as(caller, db =>
        createReportStore(db).list({ ...options, seenBy: mayEverything(caller) ? undefined : caller.userId }),
      ),

    get: async (caller, id) => linked(await visible(caller, id)),

    async preview(caller, id, page, signal) {
      const report = await visible(caller, id)
      if (page > report.pages)
        throw new Problem('resource-not-found', `There is no page ${page}: the report has ${report.pages}.`)
      try {
        const found = await files.objects.info(onBehalfOf(report.owner_id), reportBucket, report.object_name)
        // Its owner may have put something else in its place.
        if (found.object.size_bytes > maxReportBytes)
          throw new Problem('report-failed', 'The file of this report is too large to be shown.')
        return await typesetter.png(await buffer(await files.objects.read(found.object)), page, signal)
      } catch (error) {
        if (!isGone(error)) throw error
        throw new Problem('resource-not-found', 'The file of this report was removed.', { cause: error })
      }
    },

    async remove(caller, id) {
      const report = await database.as(caller, async (db, audit) => {
        const store = createReportStore(db)
        const row = await store.byId(id)
        if (!row || !maySee(caller, row)) throw noReport(caller, id)
        if (!mayManage(caller, row))
          throw new Problem(
            'forbidden',
            'This report is not yours: only its owner and administrators may remove it.',
          )
        if (!(await store.remove(id))) throw noReport(caller, id)
        if (row.owner_id !== caller.userId) await audit('report-remove', id, { owner_id: row.owner_id })
        return row
      })
      await files.objects.removeMany(onBehalfOf(report.owner_id), reportBucket, [report.object_name])
    },
  }
}

/** @throws Problem `invalid-request` that names the first field at fault. */
function checked(template: ReportTemplate, data: unknown): ReportData {
  const result = template.schema.safeParse(data)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = ['data', ...(issue?.path ?? [])].map(String).join('.')
  throw new Problem('invalid-request', `${path}: ${issue?.message ?? z.prettifyError(result.error)}`)
}

/** Who can be the owner of a report: users, and the service-role key for the house. @throws Problem. */
function ownerOf(caller: Caller): string | null {
  if (caller.role === 'anonymous') throw needsCredential()
  if (caller.userId === null && caller.role !== 'service')
    throw new Problem('forbidden', 'This credential belongs to no user, so it cannot own a report.')
  return caller.userId
}

/** What is said of a report that is not there, and of one that the caller may not see: the same. */
function noReport(caller: Caller, id: string): Problem {
  return caller.role === 'anonymous'
    ? needsCredential()
    : new Problem('resource-not-found', `There is no report with the id ${id}.`)
}

function needsCredential(): Problem {
  return new Problem(
    'unauthenticated',
    'Without a credential only public reports are shown. Send Authorization: Bearer <key or token>, or x-api-key: <key>.',
  )
}

const goneCodes: readonly string[] = [
  'object-not-found',
  'object-bytes-missing',
  'invalid-object-name',
  'bucket-not-found',
]

function isGone(error: unknown): boolean {
  return isProblem(error) && goneCodes.includes(error.code)
}

function json(data: ReportData): Uint8Array {
  return Buffer.from(JSON.stringify(data))
}
