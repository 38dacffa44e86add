import { executeAgent } from '@roundhouse/sdk/contract'
import { z } from 'zod'

/** What a client may send. Older ones send an `agentConfig` too: like all that is not named it has no effect. */
const clientMessage = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('ping') }),
    z.object({
      type: z.literal('agent_execute'),
      ...executeAgent.pick({ agentId: true, messages: true }).shape,
    }),
    /** Behind which event of a run to go on. */
    z.object({ type: z.literal('resume'), runId: z.guid(), lastSeq: z.int().min(0) }),
  ],
  { error: 'is one of ping, agent_execute and resume.' },
)

export type ClientMessage = z.output<typeof clientMessage>
/** What takes its turn. */
export type Work = Exclude<ClientMessage, { type: 'ping' }>

export type ServerMessage =
  | { type: 'connected'; message: string; userId: string | null }
  | { type: 'pong'; timestamp: number }
  | { type: 'agent_execution_started'; agentId: string; runId: string }
  | { type: 'agent_chunk'; content: string; runId: string; seq: number }
  | {
      type: 'agent_execution_complete'
      response: string
      /** Milliseconds. */
      executionTime: number
      runId: string
      seq: number
    }
  | { type: 'agent_execution_error'; error: string; runId: string }
  | { type: 'error'; error: string }

/** The message, or a sentence that says why it is none. */
export function readMessage(text: string): ClientMessage | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'The message is not valid JSON.'
  }
  const read = clientMessage.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'not of the documented form.'}`
}
