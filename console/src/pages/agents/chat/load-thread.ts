import { type CallOptions, type Client, isProblem, type Run } from '@roundhouse/sdk'
import { type Answer, createAnswerFold, nothingYet } from '../../../chat/answer.ts'
import type { Kept, Turn } from '../../../chat/conversation.ts'

/** Of a longer conversation its end is shown. */
const mostTurns = 20

/** A conversation as the server knows it, turn by turn, with what is under way at its end. */
export async function loadThread(client: Client, threadId: string, options: CallOptions): Promise<Kept> {
  const { data } = await client.runs.list({ ...options, thread_id: threadId, limit: mostTurns })
  const runs = data.filter(({ parent_run_id }) => parent_run_id === null).toReversed()
  const last = runs.at(-1)
  return {
    id: threadId,
    turns: await Promise.all(runs.map(run => turnOf(client, run, run === last, options))),
  }
}

async function turnOf(client: Client, run: Run, isLast: boolean, options: CallOptions): Promise<Turn> {
  const [{ messages }, answer] = await Promise.all([
    client.runs.input(run.id, options),
    // What goes on is followed by the conversation itself, at its end alone.
    run.finished_at === null && isLast ? nothingYet : answerOf(client, run, options),
  ])
  return {
    id: run.id,
    question: messages.findLast(({ role }) => role === 'user')?.content ?? '',
    runId: run.id,
    answer,
    failure: null,
    isReconnecting: false,
  }
}

/** With its tools while there are events, else its text alone. */
async function answerOf(client: Client, run: Run, options: CallOptions): Promise<Answer> {
  if (run.finished_at === null) return textOf(run)
  const fold = createAnswerFold()
  try {
    for await (const followed of client.runs.follow(run.id, options)) fold.add(followed)
    return fold.answer()
  } catch (error) {
    if (isProblem(error) && error.code === 'run-events-gone') return textOf(run)
    throw error
  }
}

function textOf({ output, status, error }: Run): Answer {
  const parts = output === null ? [] : [{ kind: 'text', text: output } as const]
  const ended = status === 'failed' ? 'failed' : status === 'cancelled' ? 'stopped' : 'done'
  return { ...nothingYet, parts, status: ended, note: error?.detail ?? null }
}
