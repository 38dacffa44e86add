import { z } from 'zod'
import { httpTool } from './agent-tools.ts'
import { storableText } from './storable.ts'

/** Of a document that describes an API. */
export const largestApiBytes = 5 * 1024 * 1024

const operationId = z.string().min(1).max(500)

/** Body of `POST /api/v1/tools/openapi`: where a document of OpenAPI 3.0 or 3.1 is, or the document, as JSON or YAML. */
export const importOpenApi = z
  .strictObject({
    url: storableText.min(1).max(4000).optional(),
    document: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    /** Only these: their `operationId`, or `GET /path`. */
    operations: z.array(operationId).min(1).max(500).optional(),
    /** Where the API is, in the place of what the document says. */
    base_url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional(),
  })
  .refine(({ url, document }) => (url === undefined) !== (document === undefined), {
    error: 'Send either url or document.',
  })

const operation = { id: z.string(), method: z.string(), path: z.string() }

export const importedApi = z.object({
  title: z.string(),
  version: z.string(),
  operations: z.array(z.object({ ...operation, summary: z.string(), tool: httpTool })),
  /** Those that no tool can be made of, and why. */
  skipped: z.array(z.object({ ...operation, reason: z.string() })),
})

export type ImportOpenApi = z.input<typeof importOpenApi>
export type ImportedApi = z.output<typeof importedApi>
