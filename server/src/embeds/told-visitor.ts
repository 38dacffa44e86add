import { Problem, type ProblemCode } from '@roundhouse/sdk/contract'

/** Said of the question or of this server. */
const anyones: ReadonlySet<ProblemCode> = new Set([
  'invalid-request',
  'runs-overloaded',
  'database-unavailable',
  'shutting-down',
])

const sentences: { readonly [Code in ProblemCode]?: string } = {
  'insufficient-credits': 'This assistant cannot answer at the moment.',
  'guardrail-refused': 'This assistant does not answer that.',
}

/**
 * Why no run has begun, in what a visitor may know: the names of what an agent is made of, what its owner has and what
 * their plan is, are theirs. The first one is the cause.
 */
export function toldVisitor(problem: Problem): Problem {
  const { code, retryable, retryAfterSeconds } = problem
  if (anyones.has(code)) return problem
  const sentence = sentences[code]
  if (sentence !== undefined) return new Problem(code, sentence, { cause: problem })
  if (!retryable) return unavailable(problem)
  return new Problem(code, 'This assistant is busy. Try again in a moment.', {
    cause: problem,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

export function unavailable(cause?: Problem): Problem {
  return new Problem('agent-not-found', 'This assistant cannot answer at the moment.', { cause })
}
