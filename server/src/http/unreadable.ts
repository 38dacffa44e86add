import type { Socket } from 'node:net'
import { Problem } from '@roundhouse/sdk/contract'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { everyAnswer } from './every-answer.ts'
import { problemBody } from './problems.ts'

const lingerMs = 1000

const headerLines = Object.entries(everyAnswer)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')

/** Answers what the HTTP parser gave up on: there is no request yet, only a socket. */
export function refuseUnreadable(
  error: Error & { code?: string },
  socket: Socket,
  { ids, log }: { ids: Ids; log: Log },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const requestId = ids.uuid()
  const { problem, statusLine } = describe(error.code)
  const body = JSON.stringify(problemBody(problem, 'roundhouse', requestId))
  log.warn('request-unreadable', { request_id: requestId, reason: error.code ?? error.message })
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: ${requestId}\r\n${headerLines}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  // Not at once, which could take the answer away from a client that is still sending; but a client that never closes
  // its side would hold the connection for good.
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

function describe(code: string | undefined): { problem: Problem; statusLine: string } {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const problem = new Problem('headers-too-large', 'The headers are larger than 32 KiB.')
    return { problem, statusLine: '431 Request Header Fields Too Large' }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const problem = new Problem('invalid-request', 'The request did not arrive in time.')
    return { problem, statusLine: '408 Request Timeout' }
  }
  return {
    problem: new Problem('invalid-request', 'This is not a valid HTTP request.'),
    statusLine: '400 Bad Request',
  }
}
