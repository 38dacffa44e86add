import { importedApi, importOpenApi, largestApiBytes, Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Outbound } from '../../ports/outbound.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { wantedSignal } from '../wanted.ts'

/** The document stands within a text of JSON, which may double what it takes. */
const bodyBytes = 2 * largestApiBytes
/** To fetch it, to wait for a thread and to read it there. */
const limitMs = 45_000
const accept = 'application/json, application/yaml;q=0.9, */*;q=0.1'

/** Tools for agents, from the descriptions of APIs. Nothing is kept. */
export async function toolRoutes(
  scope: FastifyInstance,
  { outbound, apiImporter }: Pick<HttpDependencies, 'outbound' | 'apiImporter'>,
): Promise<void> {
  scope.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/tools/openapi',
    {
      config: { ownDeadline: true, scopes: ['agents'] },
      bodyLimit: bodyBytes,
      schema: {
        tags: ['Agents'],
        summary: 'Make tools of the operations of an API that OpenAPI describes',
        body: importOpenApi,
        response: { 200: importedApi },
      },
    },
    async (request, reply) => {
      const { url, document, operations, base_url: baseUrl } = request.body
      const signal = wantedSignal(reply, limitMs)
      const read = url === undefined ? { content: document } : await readAddress(outbound, url, signal)
      return apiImporter.import({ ...read, operations, baseUrl }, signal)
    },
  )
}

async function readAddress(outbound: Pick<Outbound, 'fetch'>, address: string, signal: AbortSignal) {
  const response = await outbound.fetch(address, { headers: { accept }, maxBytes: largestApiBytes, signal })
  if (response.ok) return { content: await response.text(), url: response.url }
  await response.body?.cancel()
  throw new Problem('address-failed', `The address of the document answered ${response.status}.`)
}
