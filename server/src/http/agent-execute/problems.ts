import type { Problem, ProblemCode } from '@roundhouse/sdk/contract'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

/** Refusals as the clients of the agent backend before this one read them. */

const failed = 'Agent execution failed'
/** The work failed, and not what was asked: whatever the reason, they know 500 only. */
const failures: ReadonlySet<ProblemCode> = new Set([
  'provider-refused',
  'provider-busy',
  'conflict',
  'model-not-found',
  'model-state',
])

export function executeStatus(problem: Problem): number {
  return isFailure(problem) ? 500 : problem.status
}

/** @param invalid What they call a body that is not of the form. */
export function executeBody(problem: Problem, invalid: string): Record<string, unknown> {
  const { code, message } = problem
  if (isFailure(problem)) return { error: failed, message }
  switch (code) {
    case 'invalid-request':
    case 'invalid-json':
      return { error: invalid, details: detailsOf(problem) }
    case 'insufficient-credits':
      return { error: 'Insufficient credits', message }
    case 'forbidden':
      return { error: 'Access denied' }
    case 'agent-not-found':
      return { error: 'Agent not found' }
    default:
      return { error: message }
  }
}

function isFailure({ status, code }: Problem): boolean {
  return status >= 500 || failures.has(code)
}

type Detail = { path: string[]; message: string }

function detailsOf({ cause, message }: Problem): Detail[] {
  if (!hasZodFastifySchemaValidationErrors(cause)) return [{ path: [], message }]
  return cause.validation.map(issue => ({
    path: issue.instancePath.split('/').filter(Boolean),
    message: issue.message ?? message,
  }))
}
