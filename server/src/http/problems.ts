import {
  isProblem,
  Problem,
  type ProblemBody,
  type ProblemCode,
  problemCodes,
} from '@roundhouse/sdk/contract'
import type { FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { type core, ZodError } from 'zod'
import type { Log } from '../kit/log.ts'
import { pathToLog } from './access-log.ts'
import { executeBody, executeStatus } from './agent-execute/problems.ts'
import { mcpBody } from './mcp/problems.ts'
import { openAiBody } from './openai/problems.ts'
import { storageBody, storageStatus } from './storage-problems.ts'

/** Fastify's own refusals in our terms. Source: fastify docs, Reference/Errors. */
const fastifyCodes: Readonly<Record<string, { code: ProblemCode; sentence: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'payload-too-large',
    sentence: 'The body is larger than this path accepts.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported-media-type',
    sentence: 'This content type is not accepted here. Send application/json.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid-json', sentence: 'The body is empty; JSON was expected.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid-json', sentence: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'invalid-request',
    sentence: 'The body does not have the length that Content-Length announced.',
  },
  FST_ERR_BAD_URL: { code: 'invalid-request', sentence: 'The path is not valid percent-encoding.' },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: 'not-found',
    sentence: 'A part of the path is longer than any name here.',
  },
  FST_ERR_HANDLER_TIMEOUT: {
    code: 'request-timeout',
    sentence:
      'The request could not be answered in time. It may have been done all the same: look before repeating it.',
  },
  FST_INVALID_MULTIPART_CONTENT_TYPE: {
    code: 'unsupported-media-type',
    sentence: 'Send the file as multipart/form-data.',
  },
  FST_PARTS_LIMIT: { code: 'invalid-request', sentence: 'The form has too many parts.' },
  FST_FILES_LIMIT: { code: 'invalid-request', sentence: 'The form has more than one file.' },
  FST_FIELDS_LIMIT: { code: 'invalid-request', sentence: 'The form has too many fields.' },
  FST_PROTO_VIOLATION: {
    code: 'invalid-request',
    sentence: 'A field of the form has a name that is not allowed.',
  },
}

/** What @fastify/busboy 3 throws at a form, without a code. The needle is the boundary. */
const brokenForm =
  /^(Multipart: Boundary not found|Unexpected end of multipart data|\w+ terminated early due to|The needle cannot)/

/** Anything that was thrown, as what the caller is told. What is not foreseen is a bug and says nothing of our insides. */
export function toProblem(error: unknown): Problem {
  if (isProblem(error)) return error
  if (error instanceof ZodError) return invalidRequest(error.issues)
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation
    const field = first?.instancePath.split('/').filter(Boolean).join('.')
    return new Problem(
      'invalid-request',
      field
        ? `${field}: ${first?.message}`
        : (first?.message ?? 'The request is not of the documented form.'),
      { cause: error },
    )
  }
  const code = codeOf(error)
  const known = code === undefined ? undefined : fastifyCodes[code]
  if (known)
    return new Problem(known.code, known.sentence, {
      cause: error,
      ...(problemCodes[known.code].retryable ? { retryAfterSeconds: 1 } : {}),
    })
  // secure-json-parse and JSON.parse, called by Fastify's own body reader.
  if (error instanceof SyntaxError && 'statusCode' in error)
    return new Problem('invalid-json', `The body is not valid JSON: ${error.message}`, { cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Problem('storage-full', 'The disk is full. Nothing was stored.', {
      cause: error,
      retryAfterSeconds: 30,
    })
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new Problem('client-closed', 'The client went away.', { cause: error })
  if (error instanceof Error && brokenForm.test(error.message)) {
    const what = error.message.replace('needle', 'boundary')
    return new Problem('invalid-request', `The multipart form is broken: ${what.replace(/\.$/, '')}.`, {
      cause: error,
    })
  }
  return new Problem(
    'internal',
    'Something went wrong on our side. The log has more under this request id.',
    { cause: error },
  )
}

/** The same for a request, whose log line a bug has. */
export function toldProblem(error: unknown, request: FastifyRequest, log: Log): Problem {
  const problem = toProblem(error)
  if (problem.code === 'internal')
    log.error('request-fail', {
      request_id: request.id,
      method: request.method,
      path: pathToLog(request.url),
      err: error,
    })
  return problem
}

export function invalidRequest(issues: readonly core.$ZodIssue[]): Problem {
  const [first] = issues
  const field = first?.path.join('.')
  return new Problem(
    'invalid-request',
    field ? `${field}: ${first?.message}` : (first?.message ?? 'The request is not of the documented form.'),
  )
}

/** The status of a refusal; clients of Supabase Storage expect 400 of nearly all. */
export function problemStatus(problem: Problem, surface: Surface): number {
  if (surface === 'storage') return storageStatus(problem)
  return surface === 'execute' || surface === 'execute-validated' ? executeStatus(problem) : problem.status
}

/** The body of a refusal: the protocol's own where there is one, ours elsewhere. */
export function problemBody(problem: Problem, surface: Surface, requestId: string): Record<string, unknown> {
  switch (surface) {
    case 'inference':
      return { error: problem.message }
    case 'storage':
    case 'resumable':
      return storageBody(problem)
    case 'openai':
      return openAiBody(problem)
    case 'mcp':
      return mcpBody(problem, requestId)
    case 'execute':
      return executeBody(problem, 'Invalid request')
    case 'execute-validated':
      return executeBody(problem, 'Invalid request structure')
    case 'roundhouse':
      return ownBody(problem, requestId)
  }
}

export function ownBody({ code, message }: Problem, requestId: string): ProblemBody {
  return { error: problemCodes[code].meaning, code, detail: message, request_id: requestId }
}

export type Surface =
  | 'inference'
  | 'storage'
  | 'resumable'
  | 'openai'
  | 'mcp'
  | 'execute'
  | 'execute-validated'
  | 'roundhouse'

export function surfaceOf(path: string): Surface {
  if (isBelow(path, '/v2')) return 'inference'
  if (isBelow(path, '/v1')) return 'openai'
  if (isBelow(path, '/mcp')) return 'mcp'
  if (isBelow(path, '/api/agent/execute')) return 'execute'
  if (isBelow(path, '/api/agent/execute-validated')) return 'execute-validated'
  if (isBelow(path, '/storage/v1/upload/resumable')) return 'resumable'
  return isBelow(path, '/storage/v1') ? 'storage' : 'roundhouse'
}

function isBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(`${base}/`)
}

function codeOf(error: unknown): string | undefined {
  return error !== null && typeof error === 'object' && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
