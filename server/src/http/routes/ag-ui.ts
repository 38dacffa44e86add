import { runAgentInput } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { answerAgUi } from '../ag-ui/answer.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goOnUnderKey, workIdOf } from '../idempotency.ts'
import { toldProblem } from '../problems.ts'
import { createReaderPlaces } from '../reader-places.ts'
import { createReaderSignals } from '../reader-signal.ts'
import { idParams } from '../wire.ts'

/** A whole conversation, with what its tools answered. */
const bodyBytes = 8 * 1024 * 1024
/** Each keeps the conversation, to give it back where the run asks a person: one of 8 MB takes 32 places. */
const mostPerCaller = 100
const bytesOfPlace = 256 * 1024

/** What clients of AG-UI call. Source: https://docs.ag-ui.com/spec/1.0/basic/transports/http-sse */
export async function agUiRoutes(
  scope: FastifyInstance,
  { runs, clock, log }: Pick<HttpDependencies, 'runs' | 'clock' | 'log'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const enter = createReaderPlaces(mostPerCaller)
  const readerSignal = createReaderSignals(scope)

  app.post(
    '/api/v1/agents/:id/ag-ui',
    {
      config: { ownDeadline: true, scopes: ['agents'] },
      bodyLimit: bodyBytes,
      schema: {
        tags: ['Runs'],
        summary: 'Ask an agent as a client of AG-UI 1.0 does: `RunAgentInput`, answered by its events',
        params: idParams,
        body: runAgentInput,
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const leave = enter(caller, placesOf(request.headers['content-length']))
      try {
        const call = {
          caller,
          agentId: request.params.id,
          input: request.body,
          workId: workIdOf(request),
          signal: readerSignal(reply),
        }
        // Of a stream no answer is kept: sent again, it is told again from the run.
        goOnUnderKey(request)
        await answerAgUi({ runs, clock }, call, {
          reply,
          told: error => toldProblem(error, request, log),
        })
      } finally {
        leave()
      }
    },
  )
}

/** A body of unknown length may be of any. */
function placesOf(contentLength: string | undefined): number {
  return Math.ceil(Number(contentLength ?? bodyBytes) / bytesOfPlace)
}
