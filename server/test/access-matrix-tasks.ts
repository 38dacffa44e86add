import { json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const admin = (call: Row['call']): Row => ({ kind: 'admin', call })
/** A task that every house has. */
const task = '/api/v1/tasks/credits-renew'

export const taskMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/tasks': admin(() => ({ path: '/api/v1/tasks' })),
  'POST /api/v1/tasks/{name}/run': admin(() => ({ path: `${task}/run`, init: json('POST', {}) })),
  'GET /api/v1/tasks/{name}/runs': admin(() => ({ path: `${task}/runs` })),
  'PATCH /api/v1/tasks/{name}': admin(() => ({ path: task, init: json('PATCH', { paused: false }) })),
}
