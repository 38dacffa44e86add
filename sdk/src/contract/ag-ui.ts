import { z } from 'zod'
import { runMessage } from './run.ts'
import { storableText } from './storable.ts'

/**
 * What clients of AG-UI 1.0 send. Fields that are not named are passed over, except those of messages, which are given
 * back as they came. Source: https://docs.ag-ui.com/spec/1.0/schema
 */

const text = runMessage.shape.content
const content = z.union([text, z.array(z.looseObject({ type: z.string(), text: text.optional() })).max(1000)])
const toolCall = z.looseObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
})
const id = z.string().max(1000)

export const agUiMessage = z.discriminatedUnion('role', [
  z.looseObject({ id, role: z.enum(['developer', 'system']), content: text }),
  z.looseObject({ id, role: z.literal('user'), content }),
  z.looseObject({
    id,
    role: z.literal('assistant'),
    content: text.optional(),
    toolCalls: z.array(toolCall).optional(),
  }),
  z.looseObject({
    id,
    role: z.literal('tool'),
    content: z.union([z.string(), z.array(z.unknown())]),
    toolCallId: z.string(),
  }),
  z.looseObject({ id, role: z.literal('reasoning'), content: z.string() }),
  z.looseObject({ id, role: z.literal('activity') }),
])

/** An answer to what a run asked: a denial is a payload, `cancelled` says that nobody wanted to answer. */
export const agUiAnswer = z.object({
  interruptId: z.string(),
  status: z.enum(['resolved', 'cancelled']),
  payload: z.unknown().optional(),
})

/** What the payload of an answer is; told with each question as its `responseSchema`. */
export const agUiApproval = z.object({
  approved: z.boolean(),
  note: storableText.max(2000).optional(),
})

/** Body of `POST /api/v1/agents/{id}/ag-ui`: `RunAgentInput`. */
export const runAgentInput = z.object({
  threadId: z.string().max(1000),
  runId: z.string().max(1000),
  parentRunId: z.string().max(1000).optional(),
  /** The whole conversation: nothing else is remembered. */
  messages: z.array(agUiMessage).max(5000),
  /** The application's own tools. Agents of this server call their own only. */
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
  /** Told to the model in front of the conversation. */
  context: z
    .array(z.object({ description: text, value: text }))
    .max(100)
    .optional(),
  /** Given back where a run asks a person. Nothing changes it. */
  state: z.unknown().optional(),
  /** Answers to all that a run on this thread has asked; it goes on then. */
  resume: z.array(agUiAnswer).max(100).optional(),
})

export type AgUiAnswer = z.output<typeof agUiAnswer>
export type AgUiMessage = z.output<typeof agUiMessage>
export type RunAgentInput = z.output<typeof runAgentInput>
