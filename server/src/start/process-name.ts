import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

/** Names this process among all that ever tell a log line: a container that is started again has the same host and pid. */
export function processName(): string {
  return `${hostname().slice(0, 100)}/${process.pid}/${randomBytes(4).toString('hex')}`
}
