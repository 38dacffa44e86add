import { addAbortSignal } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Files } from '../files/files.ts'
import type { StoredObject } from '../files/store.ts'
import type { Typesetter } from '../ports/typesetter.ts'
import { createPageCache } from './page-cache.ts'
import type { ReportRow } from './store.ts'

/** `picture` makes the PNG, or has it already. @throws Problem `resource-not-found`, and what Typesetter.png throws. */
export type ReportPage = {
  etag: string
  madeAt: Date
  picture(signal?: AbortSignal): Promise<Uint8Array>
}

export const reportBucket = 'reports'
const linkSeconds = 3600
/** Some 300 pages. */
const keptPictureBytes = 32 * 1024 * 1024

/** The files of reports, by our own right: who may see a report may read its file, in the version that was made and no other. */
export function createReportFiles({
  files,
  typesetter,
}: {
  files: Pick<Files, 'objects' | 'links'>
  typesetter: Typesetter
}) {
  const pictures = createPageCache({ maxBytes: keptPictureBytes })

  /** Null when it was removed, or another one is in its place. */
  async function find(report: ReportRow): Promise<StoredObject | null> {
    try {
      return (await files.objects.infoFor(reportBucket, report.object_name, report.object_version)).object
    } catch (error) {
      if (isGone(error)) return null
      throw error
    }
  }

  async function picture(
    caller: Caller,
    file: StoredObject,
    page: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    // Read when it is its turn: what waits holds nothing.
    const read = async (wanted: AbortSignal) => buffer(addAbortSignal(wanted, await files.objects.read(file)))
    try {
      return await typesetter.png(read, page, { caller: caller.limitKey, signal })
    } catch (error) {
      throw isGone(error) ? fileGone(error) : error
    }
  }

  return {
    find,

    /** For who has it, until it ends or the file is gone. */
    link: ({ object_name: name, object_version: version }: ReportRow) =>
      files.links.signVersion(reportBucket, name, version, linkSeconds),

    /** @throws Problem `resource-not-found` */
    async page(caller: Caller, report: ReportRow, page: number): Promise<ReportPage> {
      const file = await find(report)
      if (!file) throw fileGone()
      const key = `${file.version}-${page}`
      return {
        etag: `"${key}"`,
        madeAt: report.updated_at,
        picture: signal => pictures.get(key, wanted => picture(caller, file, page, wanted), signal),
      }
    },
  }
}

const goneCodes: readonly string[] = [
  'object-not-found',
  'object-bytes-missing',
  'invalid-object-name',
  'bucket-not-found',
]

export function isGone(error: unknown): boolean {
  return isProblem(error) && goneCodes.includes(error.code)
}

function fileGone(cause?: unknown): Problem {
  return new Problem('resource-not-found', 'The file of this report was removed.', { cause })
}
