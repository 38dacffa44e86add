import { json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

export const alertMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/admin/alerts': { kind: 'admin', call: () => ({ path: '/api/v1/admin/alerts' }) },
  'POST /api/v1/admin/alerts/test': {
    kind: 'admin',
    call: () => ({ path: '/api/v1/admin/alerts/test', init: json('POST', {}) }),
  },
}
