import { type AgUiAnswer, agUiApproval, isProblem, Problem, type RunEvent } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Runs, RunView } from '../../runs/run.ts'
import { followOn } from '../run-answer/follow-on.ts'
import type { Told } from './story.ts'

type Asked = { readonly id: string; readonly expiresAt: number; readonly answer: boolean | null }
/** What was asked at once, and the number of the last of these questions. */
type Round = { readonly asked: Asked[]; seq: number }
type Answer = { readonly approved: boolean; readonly note: string | null }

/**
 * Answers what a run asked a person; the run goes on. The same answers again find it where it went on. Nothing is answered
 * unless all of it can be.
 * @throws Problem `invalid-request`, `conflict`, `resource-not-found`, `run-events-gone`.
 */
export async function resumeRun(
  runs: Runs,
  call: {
    readonly caller: Caller
    readonly agentId: string
    readonly answers: readonly AgUiAnswer[]
    readonly nowMs: number
  },
  signal: AbortSignal,
): Promise<Told> {
  const { caller, agentId, nowMs } = call
  const answers = readAnswers(call.answers)
  const [first = ''] = answers.keys()
  const run = await runOf(runs, caller, first)
  if (run.agentId !== agentId.toLowerCase()) throw unknown(first)
  const { rounds, hasSchema } = await questionsOf(runs, caller, run, signal)
  const round = rounds.find(({ asked }) => asked.some(({ id }) => id === first))
  if (!round) throw unknown(first)

  const asked = new Map(round.asked.map(question => [question.id, question]))
  for (const [id, { approved }] of answers) assertAnswerable(asked.get(id), id, { approved, nowMs })
  for (const { id, answer } of round.asked)
    if (answer === null && !answers.has(id))
      throw new Problem('invalid-request', `resume: all questions are answered at once; ${id} is missing.`)

  for (const [id, answer] of answers) await runs.answer(caller, run.id, id, answer)
  return { id: run.id, after: round.seq, hasSchema }
}

function readAnswers(answers: readonly AgUiAnswer[]): Map<string, Answer> {
  const read = new Map<string, Answer>()
  for (const { interruptId, status, payload } of answers) {
    if (!z.uuid().safeParse(interruptId).success) throw unknown(interruptId)
    const id = interruptId.toLowerCase()
    if (read.has(id)) throw new Problem('invalid-request', `resume: ${id} is answered twice.`)
    // What nobody wants to answer is not done.
    if (status === 'cancelled') read.set(id, { approved: false, note: null })
    else {
      const { data } = agUiApproval.safeParse(payload)
      if (!data)
        throw new Problem(
          'invalid-request',
          `resume: the payload of ${id} does not keep to its responseSchema.`,
        )
      read.set(id, { approved: data.approved, note: data.note ?? null })
    }
  }
  return read
}

async function runOf(runs: Runs, caller: Caller, approvalId: string): Promise<RunView> {
  try {
    return await runs.thatAsked(caller, approvalId)
  } catch (error) {
    if (isProblem(error) && error.code === 'run-not-found') throw unknown(approvalId)
    throw error
  }
}

function assertAnswerable(
  question: Asked | undefined,
  id: string,
  { approved, nowMs }: { approved: boolean; nowMs: number },
): void {
  if (!question) throw unknown(id)
  const { answer, expiresAt } = question
  if (answer !== null && answer !== approved)
    throw new Problem('conflict', `resume: ${id} was ${answer ? 'approved' : 'denied'} before.`)
  if (answer === null && approved && expiresAt <= nowMs)
    throw new Problem('conflict', `resume: ${id} can no longer be approved: it has expired.`)
}

function unknown(id: string): Problem {
  return new Problem(
    'resource-not-found',
    `resume: no run of this agent asked ${JSON.stringify(id.slice(0, 100))}.`,
  )
}

/** All that a run has asked up to now. */
async function questionsOf(
  runs: Runs,
  caller: Caller,
  { id, lastSeq }: RunView,
  signal: AbortSignal,
): Promise<{ rounds: Round[]; hasSchema: boolean }> {
  const rounds: Round[] = []
  const answered = new Map<string, boolean>()
  let hasSchema = false
  for await (const group of followOn(runs, caller, { id, after: 0 }, signal)) {
    for (const { seq, data } of group) {
      // Most of them are texts, which are not read.
      if (!/^\{"type":"(approval|run-start)/.test(data)) continue
      const event = JSON.parse(data) as RunEvent
      if (event.type === 'run-start') hasSchema = event.has_schema
      if (event.type === 'approval-answer') answered.set(event.approval_id, event.approved)
      if (event.type !== 'approval-request') continue
      const last = rounds.at(-1)
      const round = last?.seq === seq - 1 ? last : { asked: [], seq }
      if (round !== last) rounds.push(round)
      round.asked.push({ id: event.approval_id, expiresAt: Date.parse(event.expires_at), answer: null })
      round.seq = seq
    }
    if ((group.at(-1)?.seq ?? 0) >= lastSeq) break
  }
  signal.throwIfAborted()
  return {
    hasSchema,
    rounds: rounds.map(({ asked, seq }) => ({
      seq,
      asked: asked.map(question => ({ ...question, answer: answered.get(question.id) ?? null })),
    })),
  }
}
