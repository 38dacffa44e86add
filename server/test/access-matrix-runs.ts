import { randomUUID } from 'node:crypto'
import { type AccessFixture, json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const owned = (rest = '', init?: RequestInit): Row => ({
  kind: 'owned',
  async call(f: AccessFixture) {
    return { path: `/api/v1/runs/${await f.run()}${rest}`, ...(init ? { init } : {}) }
  },
})

export const runMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/runs': { kind: 'signedIn', call: () => ({ path: '/api/v1/runs' }) },
  'GET /api/v1/threads': { kind: 'signedIn', call: () => ({ path: '/api/v1/threads' }) },
  'POST /api/v1/agents/{id}/ag-ui': {
    kind: 'owned',
    async call(f) {
      const messages = [{ id: 'm', role: 'user', content: 'Hello' }]
      const init = json('POST', { threadId: 't', runId: 'r', messages })
      return { path: `/api/v1/agents/${await f.agent()}/ag-ui`, init }
    },
  },
  'POST /api/v1/agents/{id}/runs': {
    kind: 'owned',
    async call(f) {
      const init = json('POST', { messages: [{ role: 'user', content: 'Hello' }], version: 'draft' })
      return { path: `/api/v1/agents/${await f.agent()}/runs`, init }
    },
  },
  'GET /api/v1/runs/{id}': owned(),
  'GET /api/v1/runs/{id}/events': owned('/events'),
  'GET /api/v1/runs/{id}/input': owned('/input'),
  'GET /api/v1/runs/{id}/trace': owned('/trace'),
  'POST /api/v1/runs/{id}/cancel': owned('/cancel', json('POST', {})),
  // The run asked for nothing, which only its owner learns.
  'POST /api/v1/runs/{id}/approvals/{approval_id}': {
    ...owned(`/approvals/${randomUUID()}`, json('POST', { approved: true })),
    except: { owner: [404], admin: [404], service: [404] },
  },
}
