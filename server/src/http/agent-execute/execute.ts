import { isProblem, type Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'
import type { Caller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Runs, RunView, StartRun } from '../../runs/run.ts'
import { openDataStream } from '../data-stream.ts'
import { answerOf, assertDone } from '../run-answer/answer.ts'

type Execution = {
  readonly caller: Caller
  readonly order: StartRun
  /** Of the reader; the run goes on without. */
  readonly signal: AbortSignal
}

type Executed = { response: string; executionTime: number }
type Rooms = { runs: Runs; clock: Clock }

/** A run of the agent, as its whole answer. */
export async function executeWhole({ runs, clock }: Rooms, execution: Execution): Promise<Executed> {
  const { caller, order, signal } = execution
  const startedAt = clock.elapsed()
  const { id } = await begin(runs, caller, order)
  const { output } = assertDone(await runs.finished(caller, id, signal))
  return { response: output ?? '', executionTime: Math.round(clock.elapsed() - startedAt) }
}

/** A run of the agent, as `chunk` events and one `done` or `error`. */
export async function executeStreaming(
  { runs, clock }: Rooms,
  { caller, order, signal }: Execution,
  { reply, told }: { reply: FastifyReply; told: (error: unknown) => Problem },
): Promise<undefined> {
  const startedAt = clock.elapsed()
  const { id } = await begin(runs, caller, order)
  const stream = openDataStream(reply)
  try {
    for await (const parts of answerOf(runs, caller, id, signal)) {
      let events = ''
      for (const part of parts) {
        if (part.type === 'text') events += event({ type: 'chunk', content: part.text })
        else if (part.type === 'end') {
          const executionTime = Math.round(clock.elapsed() - startedAt)
          events += event({ type: 'done', response: part.output, executionTime })
        }
      }
      const isTaken = stream.write(events)
      if (isTaken) await isTaken
    }
  } catch (error) {
    const { message } = told(error)
    if (!reply.raw.destroyed) void stream.write(event({ type: 'error', error: message }))
  } finally {
    stream.end()
  }
}

/** What was asked before under the same key is told, unless it came to nothing. */
async function begin(runs: Runs, caller: Caller, order: StartRun): Promise<RunView> {
  const { id, ...anew } = order
  if (id === undefined) return runs.start(caller, anew)
  const known = await runs.get(caller, id).catch(error => {
    if (isProblem(error) && error.code === 'run-not-found') return null
    throw error
  })
  if (known === null) return runs.start(caller, order)
  return known.status === 'failed' || known.status === 'cancelled' ? runs.start(caller, anew) : known
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}
