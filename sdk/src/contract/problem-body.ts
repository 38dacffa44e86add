import { z } from 'zod'
import { type ProblemCode, problemCodes } from './problem-codes.ts'

// Object.keys widens to string[]; the table is a constant, so its keys are exactly the codes.
const codes = Object.keys(problemCodes) as ProblemCode[]

/** Body of every reply that is not 2xx, outside the surfaces that speak another protocol. */
export const problemBody = z.object({
  /** The kind of problem as a short sentence, the same for every problem of this code. */
  error: z.string(),
  code: z.enum(codes),
  /** What happened here and what to do next. */
  detail: z.string(),
  request_id: z.string(),
})

export type ProblemBody = z.infer<typeof problemBody>
