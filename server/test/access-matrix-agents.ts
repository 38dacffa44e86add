import { type AccessFixture, json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const path = '/api/v1/agents'
const signedIn = (call: Row['call']): Row => ({ kind: 'signedIn', call })
const owned = (rest = '', init?: RequestInit): Row => ({
  kind: 'owned',
  async call(f: AccessFixture) {
    return { path: `${path}/${await f.agent()}${rest}`, ...(init ? { init } : {}) }
  },
})

export const agentMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/agents': signedIn(() => ({ path })),
  'POST /api/v1/agents': signedIn(() => ({
    path,
    init: json('POST', { name: 'Mine', model: 'demo/demo' }),
  })),
  'GET /api/v1/agents/templates': signedIn(() => ({ path: `${path}/templates` })),
  'GET /api/v1/agents/{id}': owned(),
  'PATCH /api/v1/agents/{id}': owned('', json('PATCH', { description: 'changed' })),
  // Which is wrong: what is right takes a thread for each caller.
  // One of both is asked for: refused by their form, where an import would take a thread for each caller.
  'POST /api/v1/tools/openapi': signedIn(() => ({
    path: '/api/v1/tools/openapi',
    init: json('POST', { document: '{}', url: 'https://127.0.0.1/' }),
  })),
  'DELETE /api/v1/agents/{id}': owned('', { method: 'DELETE' }),
  'POST /api/v1/agents/{id}/publish': owned('/publish', { method: 'POST' }),
  'GET /api/v1/agents/{id}/versions': owned('/versions'),
  'POST /api/v1/agents/{id}/rollback': owned('/rollback', json('POST', { version: 1 })),
}
