import type { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Runs, RunView } from '../../runs/run.ts'
import { answerOf } from '../run-answer/answer.ts'
import type { ServerMessage, Work } from './messages.ts'

/** Fulfils when the client has taken it, or is gone. */
export type Send = (message: ServerMessage) => Promise<void>

/**
 * Runs the agent, or goes on telling of a run, until one closing message has been sent; none when the client goes. What
 * keeps it from beginning is an `error` instead. Never rejects.
 * @param told Makes what is thrown what the client is told.
 */
export async function execute(
  { runs, clock }: { runs: Runs; clock: Clock },
  { caller, work, signal }: { caller: Caller; work: Work; signal: AbortSignal },
  { send, told }: { send: Send; told: (error: unknown) => Problem },
): Promise<void> {
  let run: RunView
  try {
    run = await begin(runs, caller, work)
  } catch (error) {
    return send({ type: 'error', error: told(error).message })
  }
  const runId = run.id
  const seen = work.type === 'resume' ? work.lastSeq : 0
  try {
    if (work.type === 'agent_execute')
      await send({ type: 'agent_execution_started', agentId: work.agentId, runId })
    for await (const parts of answerOf(runs, caller, runId, signal)) {
      // The client has taken the last, so it has taken all.
      let isTaken: Promise<void> | undefined
      for (const part of parts) {
        const { seq } = part
        if (part.type === 'text' && seq > seen)
          isTaken = send({ type: 'agent_chunk', content: part.text, runId, seq })
        if (part.type === 'end')
          isTaken = send({
            type: 'agent_execution_complete',
            response: part.output,
            executionTime: (run.finishedAt?.getTime() ?? clock.now()) - run.createdAt.getTime(),
            runId,
            seq,
          })
      }
      await isTaken
    }
  } catch (error) {
    if (!signal.aborted) await send({ type: 'agent_execution_error', error: told(error).message, runId })
  }
}

function begin(runs: Runs, caller: Caller, work: Work): Promise<RunView> {
  return work.type === 'resume'
    ? runs.get(caller, work.runId)
    : runs.start(caller, { agentId: work.agentId, messages: work.messages })
}
