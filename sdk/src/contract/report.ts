import { z } from 'zod'
import { visibility } from './model.ts'

export const reportTemplateName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, {
  error: 'A template name has 1 to 64 small letters, digits and hyphens and starts with a letter.',
})
const templateVersion = z.int().min(1).max(1_000_000)
// PostgreSQL text cannot hold U+0000.
export const reportTitle = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(text => !text.includes('\0'), { error: 'A title cannot contain the character U+0000.' })

/**
 * One report. `owner_id` is null for those of the service-role key. The file is the object `object_name` of the bucket
 * `reports`.
 */
export const report = z.object({
  id: z.uuid(),
  owner_id: z.uuid().nullable(),
  message_id: z.uuid(),
  template: reportTemplateName,
  version: templateVersion,
  title: z.string(),
  visibility,
  object_name: z.string(),
  pages: z.int(),
  size_bytes: z.int(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})

/** `url` needs no credential until `expires_at`; both are null when the file was removed from the bucket. */
export const linkedReport = report.extend({
  url: z.string().nullable(),
  expires_at: z.iso.datetime().nullable(),
})

/** Answer of `POST /api/v1/reports`. `missing_characters` have no shape in the fonts of the server and print as boxes. */
export const createdReport = linkedReport.extend({ missing_characters: z.array(z.string()) })

/**
 * Body of `POST /api/v1/reports`. `data` is what the template takes: `GET /api/v1/reports/templates` shows its form. A
 * report for the same `message_id` takes the place of the one before.
 */
export const createReport = z.strictObject({
  template: reportTemplateName,
  /** The newest one when absent. */
  version: templateVersion.optional(),
  data: z.record(z.string(), z.unknown()),
  /** That of the data when absent. */
  title: reportTitle.optional(),
  message_id: z.uuid().optional(),
  visibility: visibility.optional(),
})

/** Query of `GET /api/v1/reports`. */
export const listReports = z.object({
  template: reportTemplateName.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** `next_cursor` is null on the last page. */
export const reportList = z.object({ data: z.array(report), next_cursor: z.string().nullable() })

/** `schema` is the JSON Schema of the data, `example` data that fit it. */
export const reportTemplate = z.object({
  name: reportTemplateName,
  version: templateVersion,
  description: z.string(),
  schema: z.record(z.string(), z.unknown()),
  example: z.unknown(),
})
export const reportTemplates = z.object({ data: z.array(reportTemplate) })

export type Report = z.infer<typeof report>
export type CreatedReport = z.infer<typeof createdReport>
export type LinkedReport = z.infer<typeof linkedReport>
export type CreateReport = z.input<typeof createReport>
export type ListReports = z.infer<typeof listReports>
export type ReportList = z.infer<typeof reportList>
export type ReportTemplateBody = z.infer<typeof reportTemplate>
export type ReportTemplates = z.infer<typeof reportTemplates>
