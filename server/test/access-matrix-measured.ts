import type { Row } from './access-matrix.ts'

export const measuredMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/admin/overview': { kind: 'admin', call: () => ({ path: '/api/v1/admin/overview' }) },
  'GET /api/v1/admin/metrics': { kind: 'admin', call: () => ({ path: '/api/v1/admin/metrics' }) },
  'GET /api/v1/admin/server': { kind: 'admin', call: () => ({ path: '/api/v1/admin/server' }) },
  'GET /api/v1/models/{id}/metrics': {
    kind: 'owned',
    call: f => ({ path: `/api/v1/models/${f.modelId}/metrics` }),
  },
}
