import type { InputRequest } from '@modelcontextprotocol/server'
import type { RunEvent } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Place, Sealer } from '../../kit/seal.ts'

export type Question = Extract<RunEvent, { type: 'approval-request' }>

/** A run that waits for its caller, as the client carries it. */
const waiting = z.object({
  /** Of the call that began it. */
  request: z.string(),
  runId: z.uuid(),
  lastSeq: z.int().min(0),
  approvalIds: z.array(z.uuid()),
})
export type Waiting = Readonly<z.infer<typeof waiting>>

const sealed = waiting.extend({ expiresAt: z.number() })
const longestMs = 24 * 3_600_000
const mostArguments = 2000

export type WaitingSeal = {
  seal(caller: Caller, state: Waiting): string
  /** @throws Error when it is not one of ours, of another caller, or too old. */
  open(caller: Caller, state: string): Waiting
}

/** What the client carries back is as good as any request of a stranger: it opens for the same user alone, for a day. */
export function createWaitingSeal(sealer: Pick<Sealer, 'seal' | 'open'>, clock: Clock): WaitingSeal {
  return {
    seal: (caller, state) =>
      sealer.seal(JSON.stringify({ ...state, expiresAt: clock.now() + longestMs }), placeOf(caller)),
    open(caller, state) {
      const { expiresAt, ...opened } = sealed.parse(JSON.parse(sealer.open(state, placeOf(caller))))
      if (expiresAt <= clock.now()) throw new Error('The state has expired.')
      return opened
    },
  }
}

function placeOf({ role, userId }: Caller): Place {
  return { table: 'runs', row: userId ?? role, field: 'mcp-request-state' }
}

/** For a person, by their client. */
export function inputRequestOf(agent: string, question: Question): InputRequest {
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: `${agent} wants to call the tool ${question.name} with ${shown(question)}. Do you allow it?`,
      requestedSchema: {
        type: 'object',
        properties: {
          approved: { type: 'boolean', title: 'Allow' },
          note: { type: 'string', title: 'Note for the agent', maxLength: mostArguments },
        },
        required: ['approved'],
      },
    },
  }
}

/** For clients that cannot ask a person. */
export function waitingText(runId: string, questions: readonly Question[]): string {
  const asked = questions.map(
    question =>
      `- the tool ${question.name} with ${shown(question)}: POST /api/v1/runs/${runId}/approvals/${question.approval_id} with {"approved": true} or {"approved": false}, until ${question.expires_at}`,
  )
  return [
    `The run ${runId} waits until a person allows or denies:`,
    ...asked,
    `Then GET /api/v1/runs/${runId} has the answer.`,
  ].join('\n')
}

const reply = z.object({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.object({ approved: z.boolean(), note: z.string().max(mostArguments).optional() }).optional(),
})

/** What the person said; `dismissed` when they did not want to say, undefined when it is no answer to the form. */
export function answerIn(
  response: unknown,
): { approved: boolean; note: string | null } | 'dismissed' | undefined {
  const { data } = reply.safeParse(response)
  if (data?.action === 'cancel') return 'dismissed'
  if (data?.action === 'decline') return { approved: false, note: null }
  return data?.content && { approved: data.content.approved, note: data.content.note ?? null }
}

function shown({ arguments: text }: Question): string {
  return text.length > mostArguments ? `${text.slice(0, mostArguments)}…` : text
}
