import type { Row } from './access-matrix.ts'

export const logMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/logs': { kind: 'admin', call: () => ({ path: '/api/v1/logs' }) },
  // The position is told at once; of a query that cannot be read the answer is whole.
  'GET /api/v1/logs/events': { kind: 'admin', call: () => ({ path: '/api/v1/logs/events?q=level:none' }) },
  'GET /api/v1/requests/{request_id}': {
    kind: 'owned',
    async call(f) {
      const job = await (await f.owner.fetch(`/api/v1/jobs/${await f.job()}`)).json()
      return { path: `/api/v1/requests/${(job as { request_id: string }).request_id}` }
    },
  },
}
