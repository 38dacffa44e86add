import { type AgentToolOf, isProblem, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Outbound } from '../../ports/outbound.ts'
import type { Secrets } from '../../settings/secrets.ts'
import { depthBelow } from '../depth.ts'
import type { OpenedTool } from '../tool.ts'
import { tellAnswer } from './http-answer.ts'
import { parametersOf, requestOf } from './http-request.ts'
import { openHeaders } from './secret-headers.ts'

const timeoutMs = 10_000
const httpArguments = z.record(z.string(), z.unknown())
/** What may be done twice, as of RFC 9110, 9.2.2. */
const idempotent = new Set(['GET', 'PUT', 'DELETE'])

/** A request that the model fills in, to an address that the agent's maker chose. */
export function httpTool(
  { outbound, secrets }: { outbound: Pick<Outbound, 'fetch'>; secrets: Pick<Secrets, 'revealFor'> },
  spec: AgentToolOf<'http'>,
): OpenedTool {
  const { name, method, description } = spec
  return {
    name,
    description: description ?? `${method} ${spec.url}`,
    parameters: parametersOf(spec),
    isRepeatable: idempotent.has(method),
    timeoutMs,
    async call(args, { run, signal, timeoutMs }) {
      const { url, headers: filled, body } = requestOf(spec, httpArguments.parse(args))
      const { headers, redact } = await openHeaders(secrets, url, spec.headers)
      try {
        const response = await outbound.fetch(url, {
          method,
          headers: {
            'user-agent': 'roundhouse',
            ...(body === null ? {} : { 'content-type': 'application/json' }),
            ...filled,
            ...headers,
            ...depthBelow(run),
          },
          body,
          signal,
          timeoutMs,
          // The beginning of a large answer is told; no more of it is read.
          maxBytes: Number.MAX_SAFE_INTEGER,
        })
        return await tellAnswer(response, redact)
      } catch (error) {
        // A redirect may repeat a header in the name of a host.
        if (isProblem(error)) throw new Problem(error.code, redact(error.message))
        throw error
      }
    },
  }
}
