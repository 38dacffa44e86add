import { z } from 'zod'
import { type ToolParameters, toolDescription, toolName, toolParameters } from './parameters.ts'

/** A query that agents may ask: read-only, of the schema `app`, then `public`. */
export type QueryDeclaration = {
  /** By which agents refer to it, and as models see it. */
  name: string
  /** What it tells, for the model. */
  description: string
  /** What the model gives. */
  parameters?: ToolParameters | undefined
  /**
   * One statement that gives rows. `:symbol` stands for the argument of that name, bound and never part of the text, null
   * when the model leaves it out; `:caller_id` for the id of the user who asks, null for the house, which no model can say.
   */
  sql: string
  /** 100 when absent, 1000 at most. */
  maxRows?: number | undefined
  /** 4 when absent, which is the most. */
  timeoutSeconds?: number | undefined
}

/** Checks the types of a query where it is written. */
export function defineQuery(query: QueryDeclaration): QueryDeclaration {
  return query
}

export const queryDeclaration = z.strictObject({
  name: toolName,
  description: toolDescription,
  parameters: toolParameters.optional(),
  sql: z.string().min(1).max(100_000),
  maxRows: z.int().min(1).max(1000).optional(),
  timeoutSeconds: z.number().min(0.1).max(4).optional(),
})
