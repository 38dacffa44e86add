import { reportBucket } from './report-files.ts'
import type { LinkedReport } from './reports.ts'

/** Where the file is read without a credential until the link ends, saved by its title; null when it is gone. */
export function reportAddress({ report, link }: LinkedReport, publicUrl: string): string | null {
  const address = `${publicUrl}/storage/v1/object/sign/${reportBucket}/${report.object_name}`
  return link && `${address}?token=${link.token}&download=${encodeURIComponent(fileNameOf(report.title))}`
}

/** Without what some system takes for a path, a device or an end. */
function fileNameOf(title: string): string {
  const name = title.replaceAll(/[\\/:*?"<>|\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').replaceAll(/\s+/g, ' ')
  return `${name.replace(/^[\s.]+|[\s.]+$/g, '') || 'Report'}.pdf`
}
