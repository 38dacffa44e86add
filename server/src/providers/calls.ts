import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { ChatChunk } from '../ports/llm.ts'
import { type Candidate, firstThatAnswers } from './first-that-answers.ts'
import type { CallObserver, Providers, Target } from './provider.ts'

/** Chunks held back before the first with content, at most: so many that say nothing are an answer of some kind. */
const mostHeld = 64

/** A stream whose first content has come. */
type Begun = {
  readonly chunks: readonly ChatChunk[]
  readonly rest: AsyncIterator<readonly ChatChunk[]>
}

/** Calls of the first that answers. */
export function createCalls(options: {
  /** In the order they are asked, with fallbacks. @throws Problem `model-not-found` when there is none. */
  readonly chainOf: (targets: readonly Target[]) => readonly Candidate[]
  /** @throws Problem `model-not-found` */
  readonly candidateOf: (target: Target) => Candidate
  readonly clock: Clock
  readonly log: Log
}): Pick<Providers, 'stream' | 'complete' | 'embed'> {
  const { chainOf, candidateOf, ...tools } = options

  async function whole<Answer>(
    candidates: readonly Candidate[],
    signal: AbortSignal,
    observer: CallObserver | undefined,
    ask: (candidate: Candidate) => Promise<Answer>,
  ): Promise<Answer> {
    const { answer, turn } = await firstThatAnswers(candidates, ask, { ...tools, signal, observer })
    turn.end()
    return answer
  }

  return {
    async *stream(targets, request, signal, observer) {
      const { answer, target, turn } = await firstThatAnswers(
        chainOf(targets),
        ({ target, endpoint }) =>
          begin(endpoint.llm.stream({ ...request, model: target.model.name }, signal)),
        { ...tools, signal, observer },
      )
      turn.began()
      let failure: unknown
      try {
        yield answer.chunks
        for (let next = await answer.rest.next(); !next.done; next = await answer.rest.next())
          yield next.value
      } catch (error) {
        failure = error
        if (!signal.aborted) observer?.failed?.(target, error)
        throw error
      } finally {
        if (failure !== undefined && signal.aborted) turn.left()
        else turn.end(failure)
        // Also when the reader has left: the provider stops then.
        await answer.rest.return?.()
      }
    },

    complete: (targets, request, signal, observer) =>
      whole(chainOf(targets), signal, observer, ({ target, endpoint }) =>
        endpoint.llm.complete({ ...request, model: target.model.name }, signal),
      ),

    // Without fallbacks: the vectors of two models have nothing in common.
    embed: (target, request, signal) =>
      whole([candidateOf(target)], signal, undefined, ({ endpoint }) =>
        endpoint.llm.embed({ ...request, model: target.model.name }, signal),
      ),
  }
}

/** Until there is content: what came before it is held back, so that a second try does not give out a second beginning. */
async function begin(stream: AsyncIterable<readonly ChatChunk[]>): Promise<Begun> {
  const rest = stream[Symbol.asyncIterator]()
  const chunks: ChatChunk[] = []
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    chunks.push(...next.value)
    if (next.value.some(hasContent) || chunks.length >= mostHeld) break
  }
  return { chunks, rest }
}

function hasContent({ choices }: ChatChunk): boolean {
  return choices.some(
    ({ delta, finish_reason }) =>
      finish_reason !== null ||
      Boolean(delta.content || delta.reasoning_content || delta.refusal || delta.tool_calls?.length),
  )
}
