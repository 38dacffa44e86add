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
  'DELETE /api/v1/agents/{id}': owned('', { method: 'DELETE' }),
  'POST /api/v1/agents/{id}/publish': owned('/publish', { method: 'POST' }),
  'GET /api/v1/agents/{id}/versions': owned('/versions'),
  'POST /api/v1/agents/{id}/rollback': owned('/rollback', json('POST', { version: 1 })),
}
