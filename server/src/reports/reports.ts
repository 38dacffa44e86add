import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import { type Caller, mayEverything, mayManage, maySee } from '../accounts/caller.ts'
import { needsCredential, ownerOf } from '../accounts/ownership.ts'
import type { Files } from '../files/files.ts'
import type { Ids } from '../kit/ids.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import type { TypesetFiles, Typesetter } from '../ports/typesetter.ts'
import { logoKind } from './logo.ts'
import { createReportFiles, isGone, type ReportPage, reportBucket } from './report-files.ts'
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

/** A report and the token of a link to its file; null when the file is no longer there. The link ends with the file. */
export type LinkedReport = { report: ReportRow; link: { token: string; expiresAt: Date } | null }

/** `missing` are the letters that no font here has: they print as boxes. */
export type CreatedReport = LinkedReport & { missing: string[] }

export type Reports = {
  templates(): readonly ReportTemplate[]
  /**
   * Sets the PDF and stores it. One for the same message takes the place of the one before, file and all at once: of two
   * at the same time one remains, whole.
   * @throws Problem `invalid-request` (data, logo), `resource-not-found` (template), `unauthenticated`, and what
   *   Typesetter.pdf throws.
   */
  create(
    caller: Caller,
    request: ReportRequest,
    options?: { signal?: AbortSignal; within?: WithinTransaction<CreatedReport> },
  ): Promise<CreatedReport>
  /** What the caller may see, newest first. */
  list(
    caller: Caller,
    options: { beforeId: string | undefined; template?: string | undefined; limit: number },
  ): Promise<ReportRow[]>
  /** @throws Problem `resource-not-found`, `unauthenticated` */
  get(caller: Caller, id: string): Promise<LinkedReport>
  /** A page, counted from 1, as PNG; nothing is read yet. @throws Problem `resource-not-found`, `unauthenticated` */
  preview(caller: Caller, id: string, page: number): Promise<ReportPage>
  /** With its file, both or neither. @throws Problem `resource-not-found`, `forbidden`, `unauthenticated` */
  remove(caller: Caller, id: string): Promise<void>
}

const logoBucket = 'agent-logos'
const maxLogoBytes = 2 * 1024 * 1024
const maxReportBytes = 64 * 1024 * 1024
const onlyPublic = 'Without a credential only public reports are shown'

export function createReports(dependencies: {
  database: Database<ReportTables>
  files: Pick<Files, 'objects' | 'links'>
  typesetter: Typesetter
  ids: Ids
  templates: readonly ReportTemplate[]
}): Reports {
  const { database, files, typesetter, ids, templates } = dependencies
  const reportFiles = createReportFiles({ files, typesetter })

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

  return {
    templates: () => templates,

    async create(caller, request, { signal, within } = {}) {
      const owner = ownerOf(caller, 'a report', onlyPublic)
      const template = templateOf(request.template, request.version)
      const data = checked(template, request.data)
      const given = await gather(caller, template, data)
      const { pdf, pages, missing } = await typesetter.pdf(given, { caller: caller.limitKey, signal })
      signal?.throwIfAborted()
      const messageId = request.messageId ?? ids.uuid()
      const name = `${owner ?? 'house'}/${messageId}.pdf`
      let made: CreatedReport | undefined
      await files.objects.putFor(owner, {
        bucket: reportBucket,
        name,
        source: Readable.from([pdf]),
        contentType: 'application/pdf',
        upsert: true,
        maxBytes: maxReportBytes,
        // Row and file in one transaction: nobody ever reads one of them beside the other of before.
        alongside: async (db, object) => {
          const report = await createReportStore(db.withTables<ReportTables>()).put({
            id: ids.uuid(),
            owner_id: owner,
            message_id: messageId,
            template: template.name,
            version: template.version,
            title: request.title ?? data.title,
            visibility: request.visibility ?? 'private',
            object_name: name,
            object_version: object.version,
            pages,
            size_bytes: object.size_bytes,
          })
          made = { report, link: reportFiles.link(report), missing }
          await within?.(db, made)
        },
      })
      if (!made) throw new Error('A file was stored without its report.')
      return made
    },

    list: (caller, options) =>
      database.as(caller, db =>
        createReportStore(db).list({ ...options, seenBy: mayEverything(caller) ? undefined : caller.userId }),
      ),

    async get(caller, id) {
      const report = await visible(caller, id)
      return { report, link: (await reportFiles.find(report)) ? reportFiles.link(report) : null }
    },

    async preview(caller, id, page) {
      const report = await visible(caller, id)
      if (page > report.pages)
        throw new Problem('resource-not-found', `There is no page ${page}: the report has ${report.pages}.`)
      return reportFiles.page(caller, report, page)
    },

    async remove(caller, id) {
      const report = await visible(caller, id)
      if (!mayManage(caller, report))
        throw new Problem(
          'forbidden',
          'This report is not yours: only its owner and administrators may remove it.',
        )
      await files.objects.removeWith(caller, reportBucket, report.object_name, async (db, audit) => {
        // It may have been made anew since it was seen: then that one goes, with its file.
        const removed = await createReportStore(db.withTables<ReportTables>()).remove(id)
        if (!removed) throw noReport(caller, id)
        if (report.owner_id !== caller.userId) await audit('report-remove', id, { owner_id: report.owner_id })
        return removed.object_version
      })
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

/** What is said of a report that is not there, and of one that the caller may not see: the same. */
function noReport(caller: Caller, id: string): Problem {
  return caller.role === 'anonymous'
    ? needsCredential(onlyPublic)
    : new Problem('resource-not-found', `There is no report with the id ${id}.`)
}

function json(data: ReportData): Uint8Array {
  return Buffer.from(JSON.stringify(data))
}
