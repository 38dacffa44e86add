import { json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

/** Everyone is shown their own; the service-role key belongs to nobody, so there is nothing to show. */
const own = (path: string): Row => ({ kind: 'signedIn', call: () => ({ path }), except: { service: [404] } })
const admin = (call: Row['call']): Row => ({ kind: 'admin', call })

export const creditsMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/credits': own('/api/v1/credits'),
  'GET /api/v1/credits/entries': own('/api/v1/credits/entries'),
  'GET /api/v1/admin/users/{id}/credits': admin(f => ({ path: `/api/v1/admin/users/${f.other.id}/credits` })),
  'GET /api/v1/admin/users/{id}/credits/entries': admin(f => ({
    path: `/api/v1/admin/users/${f.other.id}/credits/entries`,
  })),
  'POST /api/v1/admin/users/{id}/credits': admin(f => ({
    path: `/api/v1/admin/users/${f.other.id}/credits`,
    init: json('POST', { amount: 1, reason: 'gift' }),
  })),
  'GET /api/v1/admin/prices': admin(() => ({ path: '/api/v1/admin/prices' })),
  'PATCH /api/v1/admin/prices': admin(() => ({
    path: '/api/v1/admin/prices',
    init: json('PATCH', { run: 0 }),
  })),
}
