import { isProblem, Problem, type RunAgentInput, type RunEvent } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'
import type { Caller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Runs, StartRun } from '../../runs/run.ts'
import { openDataStream } from '../data-stream.ts'
import { followOn } from '../run-answer/follow-on.ts'
import { type AgUiEvent, agUiFrame } from './events.ts'
import { openToolCalls, runMessages } from './input.ts'
import { runOfToolCall } from './names.ts'
import { resumeRun } from './resume.ts'
import { createStory, type Story, type Told } from './story.ts'

type Rooms = { readonly runs: Runs; readonly clock: Pick<Clock, 'now'> }

export type AgUiCall = {
  readonly caller: Caller
  readonly agentId: string
  readonly input: RunAgentInput
  /** The same of each try under one key. */
  readonly workId: string | undefined
  /** Of the reader; the run goes on without. */
  readonly signal: AbortSignal
}

/**
 * A run of an agent, or what follows in one that waited for answers, as the events of AG-UI. What is wrong with answers is
 * told in the stream, as the protocol wants it.
 * @throws Problem before the stream begins.
 */
export async function answerAgUi(
  rooms: Rooms,
  call: AgUiCall,
  { reply, told }: { reply: FastifyReply; told: (error: unknown) => Problem },
): Promise<void> {
  const { resume } = call.input
  const begun = await (resume?.length ? goOn(rooms, call) : start(rooms.runs, call))
  const stream = openDataStream(reply)
  const write = (events: readonly AgUiEvent[]) => stream.write(events.map(agUiFrame).join(''))
  const tellError = (error: unknown, used = {}) => {
    const { message, code } = told(error)
    if (!reply.raw.destroyed) void write([{ type: 'RUN_ERROR', message, code, ...used }])
  }
  if ('refusal' in begun) tellError(begun.refusal)
  else {
    const story = createStory(call.input, begun)
    try {
      void write(story.begin())
      for await (const events of tell(rooms.runs, call, begun, story)) {
        const isTaken = write(events)
        if (isTaken) await isTaken
      }
    } catch (error) {
      tellError(error, story.usage())
    }
  }
  stream.end()
}

type Begun = Told | { readonly refusal: unknown }

async function start(runs: Runs, { caller, agentId, input, workId }: AgUiCall): Promise<Begun> {
  const messages = runMessages(input)
  const waiting = await waitingRun(runs, caller, input)
  if (waiting !== undefined) return { refusal: unanswered(waiting) }
  const order: StartRun = {
    agentId,
    messages,
    isAwaited: true,
    ...(workId === undefined ? {} : { id: workId }),
  }
  const known = workId === undefined ? undefined : await find(runs, caller, workId)
  const { id } = known ?? (await runs.start(caller, order))
  return { id, after: 0, hasSchema: false }
}

async function goOn({ runs, clock }: Rooms, { caller, agentId, input, signal }: AgUiCall): Promise<Begun> {
  try {
    const answers = input.resume ?? []
    return await resumeRun(runs, { caller, agentId, answers, nowMs: clock.now() }, signal)
  } catch (refusal) {
    return { refusal }
  }
}

/** The last run of the conversation, while it waits for an answer that was not sent. */
async function waitingRun(
  runs: Runs,
  caller: Caller,
  { messages }: RunAgentInput,
): Promise<string | undefined> {
  const [call = ''] = openToolCalls(messages).slice(-1)
  const runId = runOfToolCall(call)
  const run = runId === undefined ? undefined : await find(runs, caller, runId)
  return run?.status === 'waiting' ? run.id : undefined
}

async function find(runs: Runs, caller: Caller, id: string) {
  return await runs.get(caller, id).catch(error => {
    if (isProblem(error) && error.code === 'run-not-found') return undefined
    throw error
  })
}

/** Ends with the run, or where it waits for a person. @throws Problem `shutting-down`, the reason of the signal. */
async function* tell(
  runs: Runs,
  { caller, signal }: AgUiCall,
  run: Told,
  story: Story,
): AsyncGenerator<AgUiEvent[], void> {
  /** The last event before the run rests. */
  let restSeq = Number.POSITIVE_INFINITY
  for await (const group of followOn(runs, caller, run, signal)) {
    const events: AgUiEvent[] = []
    for (const { seq, data } of group) {
      const event = JSON.parse(data) as RunEvent
      events.push(...story.add(seq, event))
      // The question may have been answered long ago.
      if (event.type === 'approval-request') restSeq = await restOf(runs, caller, run.id)
      if (seq < restSeq && !isLast(event)) continue
      yield isLast(event) ? events : [...events, ...story.interrupt()]
      return
    }
    yield events
  }
  signal.throwIfAborted()
  throw new Problem('shutting-down', `The events of the run ${run.id} end here; the run goes on.`)
}

async function restOf(runs: Runs, caller: Caller, id: string): Promise<number> {
  const { status, lastSeq } = await runs.get(caller, id)
  return status === 'waiting' ? lastSeq : Number.POSITIVE_INFINITY
}

function isLast({ type }: RunEvent): boolean {
  return type === 'run-end' || type === 'run-error' || type === 'run-cancel'
}

function unanswered(runId: string): Problem {
  return new Problem(
    'conflict',
    `The run ${runId} of this conversation waits for answers: send them as \`resume\`, or cancel it.`,
  )
}
