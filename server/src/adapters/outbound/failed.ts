import { isProblem, Problem } from '@roundhouse/sdk/contract'

/**
 * What is told of a request that came to nothing: the reason as far as the name of the host is one, never an address.
 * The caller's own signal keeps its reason.
 */
export function failed(
  error: unknown,
  {
    host,
    timeoutMs,
    isLate,
    outer,
  }: {
    host: string
    timeoutMs: number
    isLate: boolean
    outer: AbortSignal | null | undefined
  },
): unknown {
  if (outer?.aborted) return outer.reason
  const problem = causes(error).find(isProblem)
  if (problem) return problem
  if (isLate) return problemOf(`${host} did not answer in full within ${timeoutMs / 1000} s.`)
  const codes = causes(error).map(cause =>
    cause instanceof Error && 'code' in cause ? String(cause.code) : '',
  )
  if (codes.some(code => unknownName.has(code))) return problemOf(`There is no host ${host}.`)
  if (codes.some(code => certificate.test(code))) return problemOf(`The certificate of ${host} is not valid.`)
  return problemOf(`${host} could not be reached, or its answer broke off.`)

  function problemOf(sentence: string): Problem {
    return new Problem('address-failed', sentence)
  }
}

const unknownName = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME'])
const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|SSL|TLS/

/** An error and what caused it; of a socket that tried several addresses, each of these. */
function causes(error: unknown, depth = 0): unknown[] {
  if (!(error instanceof Error) || depth > 5) return [error]
  const inner = error instanceof AggregateError ? [error.cause, ...error.errors] : [error.cause]
  return [error, ...inner.flatMap(one => causes(one, depth + 1))]
}
