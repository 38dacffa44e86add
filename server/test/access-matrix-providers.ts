import { json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const local = { base_url: 'http://127.0.0.1:9/v1', models: [{ name: 'small' }] }

export const providerMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/admin/providers': { kind: 'admin', call: () => ({ path: '/api/v1/admin/providers' }) },
  'PUT /api/v1/admin/providers/{name}': {
    kind: 'admin',
    call: () => ({ path: '/api/v1/admin/providers/local', init: json('PUT', { ...local, key: null }) }),
  },
  'DELETE /api/v1/admin/providers/{name}': {
    kind: 'admin',
    call: async f => ({
      path: `/api/v1/admin/providers/${await f.provider()}`,
      init: { method: 'DELETE' },
    }),
  },
  'POST /api/v1/admin/providers/{name}/test': {
    kind: 'admin',
    call: () => ({ path: '/api/v1/admin/providers/demo/test', init: json('POST', { model: 'demo' }) }),
  },
}
