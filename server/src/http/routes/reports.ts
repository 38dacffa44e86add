import {
  createdReport,
  createReport,
  type LinkedReport as LinkedReportBody,
  linkedReport,
  listReports,
  type Report,
  reportList,
  reportTemplates,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { reportAddress } from '../../reports/report-address.ts'
import type { CreatedReport, LinkedReport } from '../../reports/reports.ts'
import type { ReportRow } from '../../reports/store.ts'
import { callerOf } from '../authenticate.ts'
import { asConcurrentRun } from '../concurrent-runs.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer, workIdOf } from '../idempotency.ts'
import { isUnchanged } from '../ranges.ts'
import { wantedSignal } from '../wanted.ts'
import { decodeCursor, idParams, pageOf, uuidCursor } from '../wire.ts'

const changing = { scopes: ['files'] } as const
/** It ends by the signal of the route. */
const making = { ...changing, ownDeadline: true } as const
const reading = { scopes: ['read', 'files'] } as const
/** Public reports are shown to everyone; of what a caller may not see the room says that it is not there. */
const readable = { access: 'anyone', scopes: ['read', 'files'] } as const
const showing = { ...readable, ownDeadline: true } as const
/** A transcript of a long day. */
const maxBodyBytes = 2 * 1024 * 1024
/** A report waits up to 20 s for its turn and takes up to 30 s; the rest is for reading its logo and storing it. */
const reportTimeoutMs = 65_000
const pageParams = idParams.extend({ page: z.coerce.number().int().min(1).max(100_000) })

/** PDF reports from templates and data. */
export async function reportRoutes(
  scope: FastifyInstance,
  { reports, credits, limits, ids, publicUrl }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Reports']

  app.post(
    '/api/v1/reports',
    {
      config: making,
      bodyLimit: maxBodyBytes,
      schema: {
        tags,
        summary:
          'Make a PDF from a template and data; one for the same message takes the place of the one before',
        body: createReport,
        response: { 201: createdReport },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { message_id: messageId, ...body } = request.body
      const bill = {
        userId: caller.userId,
        amount: caller.userId === null ? 0 : ((await credits.prices()).get('report') ?? 0),
        reason: `report ${body.template}`,
        reference: `report:${workIdOf(request) ?? ids.uuid()}`,
      }
      const answer = (made: CreatedReport) => ({
        ...linkedBody(made, publicUrl),
        missing_characters: made.missing,
      })
      const keep = keepAnswer(request, reply.code(201), answer)
      const signal = wantedSignal(reply, reportTimeoutMs)
      // Report, payment and answer in one transaction: whatever dies, there are all of them or none.
      const made = await credits.chargeIn(bill, reportTimeoutMs / 1000 + 60, pay =>
        asConcurrentRun(limits, caller, () =>
          reports.create(
            caller,
            { ...body, messageId },
            {
              signal,
              async within(db, made) {
                await pay(db)
                await keep?.(db, made)
              },
            },
          ),
        ),
      )
      return reply.send(answer(made))
    },
  )

  app.get(
    '/api/v1/reports',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the reports that the caller may see, newest first',
        querystring: listReports,
        response: { 200: reportList },
      },
    },
    async request => {
      const { limit, cursor, template } = request.query
      const rows = await reports.list(callerOf(request), {
        beforeId: decodeCursor(cursor, uuidCursor),
        template,
        limit: limit + 1,
      })
      return pageOf(rows, limit, reportBody, last => last.id)
    },
  )

  app.get(
    '/api/v1/reports/templates',
    {
      config: reading,
      schema: {
        tags,
        summary: 'The templates, with the JSON Schema of their data and an example',
        response: { 200: reportTemplates },
      },
    },
    async () => ({
      data: reports.templates().map(({ name, version, description, schema, example }) => ({
        name,
        version,
        description,
        schema: z.toJSONSchema(schema, { io: 'input' }),
        example,
      })),
    }),
  )

  app.get(
    '/api/v1/reports/:id',
    {
      config: readable,
      schema: {
        tags,
        summary: 'One report, with a link to its file that needs no credential until it expires',
        params: idParams,
        response: { 200: linkedReport },
      },
    },
    async request => linkedBody(await reports.get(callerOf(request), request.params.id), publicUrl),
  )

  app.get(
    '/api/v1/reports/:id/pages/:page.png',
    {
      config: showing,
      schema: { tags, summary: 'A page of a report as PNG, counted from 1', params: pageParams },
    },
    async (request, reply) => {
      const { id, page } = request.params
      const wanted = wantedSignal(reply, reportTimeoutMs)
      const { etag, madeAt, picture } = await reports.preview(callerOf(request), id, page)
      const known = isUnchanged(request.headers, { etag, modifiedMs: madeAt.getTime() })
      // Before the picture is made: a browser that shows thirty pages again asks for none of them.
      const png = known ? undefined : await picture(wanted)
      reply.headers({ etag, 'cache-control': 'private, no-cache' })
      if (!png) return reply.code(304).send()
      return reply.type('image/png').send(Buffer.from(png.buffer, png.byteOffset, png.byteLength))
    },
  )

  app.delete(
    '/api/v1/reports/:id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Remove a report and its file',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await reports.remove(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

function reportBody({ object_version: _version, ...row }: ReportRow): Report {
  return { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
}

function linkedBody(linked: LinkedReport, publicUrl: string): LinkedReportBody {
  return {
    ...reportBody(linked.report),
    url: reportAddress(linked, publicUrl),
    expires_at: linked.link?.expiresAt.toISOString() ?? null,
  }
}
