import { z } from 'zod'
import { type ToolParameters, toolDescription, toolName, toolParameters } from './parameters.ts'
import type { TaskContext, TaskJson } from './task.ts'

/** What the function of a tool works with. Everything it begins ends with `signal`. */
export type ToolContext = Pick<TaskContext, 'sql' | 'files' | 'predict' | 'log' | 'signal'> & {
  /** The user whose run it is; null for the house. `sql`, `files` and `predict` have all rights: keep to what is theirs. */
  readonly callerId: string | null
  /** Of this call: the same when it is made again, so that an outside effect can be recognised as the same. */
  readonly idempotencyKey: string
  /** For addresses that a model may have chosen: reaches no network of the house that `OUTBOUND_ALLOW` does not name. */
  readonly fetch: (url: string | URL, request?: ToolRequest) => Promise<Response>
}

/** Redirects are followed, three at most. */
export type ToolRequest = Omit<RequestInit, 'redirect' | 'credentials' | 'mode' | 'cache' | 'referrer'> & {
  /** From the start to the last byte of the answer. 10 s when absent. */
  readonly timeoutMs?: number
  /** Of the answer. 10 MB when absent. */
  readonly maxBytes?: number
}

/** A function that agents may call. */
export type ToolDeclaration<Arguments = Readonly<Record<string, unknown>>> = {
  /** By which agents refer to it, and as models see it. */
  name: string
  /** What it does, for the model. */
  description: string
  /** What the model gives: checked before the function is called, by zod read as zod reads it. */
  parameters?: ToolParameters | undefined
  /** 30 when absent, an hour at most; heavy ones have 900 at least. */
  timeoutSeconds?: number | undefined
  /** Credits per call that was not in vain. */
  price?: number | undefined
  /** May be done again when nobody knows whether it was done; otherwise a person is asked. False when absent. */
  repeatable?: boolean | undefined
  /** It takes long, so that a worker does it. */
  heavy?: boolean | undefined
  /** A person is asked each time. */
  approval?: boolean | undefined
  /**
   * What the model is told: text as it is, all else as JSON. Of an error it is only told that there was one, unless that is
   * a `Problem`; the log has the rest.
   */
  run(args: Arguments, context: ToolContext): Promise<TaskJson>
}

type Typed<Schema extends z.ZodType> = Omit<ToolDeclaration, 'parameters' | 'run'> & {
  parameters: Schema
  run(args: z.output<Schema>, context: ToolContext): Promise<TaskJson>
}

/** Checks the types of a tool where it is written. */
export function defineTool<Schema extends z.ZodType>(tool: Typed<Schema>): ToolDeclaration
export function defineTool(tool: ToolDeclaration): ToolDeclaration
export function defineTool(tool: ToolDeclaration): ToolDeclaration {
  return tool
}

export const toolDeclaration = z.strictObject({
  name: toolName,
  description: toolDescription,
  parameters: toolParameters.optional(),
  timeoutSeconds: z.number().min(1).max(3600).optional(),
  price: z.int().min(0).max(1_000_000_000).optional(),
  repeatable: z.boolean().optional(),
  heavy: z.boolean().optional(),
  approval: z.boolean().optional(),
  run: z.custom<ToolDeclaration['run']>(value => typeof value === 'function', {
    error: 'A function: async run(args, context) { ... }.',
  }),
})
