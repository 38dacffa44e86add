import { z } from 'zod'
import { runMessage } from './run.ts'
import { storableText } from './storable.ts'

/** What clients of the agent backend before this one send. Fields that are not named are ignored. */

const said = z.object({ role: runMessage.shape.role, content: storableText })

const execute = {
  agentId: z.guid(),
  messages: z.array(said).min(1).max(1000),
}

/** Body of `POST /api/agent/execute`. What a client sends as `agentConfig` has no effect. */
export const executeAgent = z.object({ ...execute, stream: z.boolean().default(false) })

/** Body of `POST /api/agent/execute-validated`, whose caller is trusted to say how the agent is. */
export const executeValidatedAgent = z.object({
  ...execute,
  userId: z.guid(),
  agentConfig: z.object({
    name: z.string().nullish(),
    system_prompt: storableText.nullish(),
    ai_model: storableText.min(1).max(200).nullish(),
    temperature: z.number().min(0).max(1).nullish(),
    max_tokens: z.int().min(100).max(4000).nullish(),
    knowledge_base: z.array(z.object({ content: storableText })).nullish(),
  }),
  stream: z.boolean().default(true),
})

export const executedAgent = z.object({
  response: z.string(),
  /** Milliseconds. */
  executionTime: z.int().min(0),
})

export type ExecuteValidatedAgent = z.output<typeof executeValidatedAgent>
