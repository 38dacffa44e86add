import { type AccessFixture, json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const owned = (rest = '', init?: RequestInit): Row => ({
  kind: 'owned',
  async call(f: AccessFixture) {
    return { path: `/api/v1/jobs/${await f.job()}${rest}`, ...(init ? { init } : {}) }
  },
})

export const jobMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/jobs': { kind: 'signedIn', call: () => ({ path: '/api/v1/jobs' }) },
  // The model is what is owned.
  'POST /api/v1/jobs': {
    kind: 'owned',
    call: f => ({
      path: '/api/v1/jobs',
      init: json('POST', { model_id: f.modelId, input_data: { x: [[0.5, 0.5]] } }),
    }),
  },
  // The file is looked at once it is there, which is after the model.
  'POST /api/v1/models/{id}/batch': {
    kind: 'owned',
    call: f => ({
      path: `/api/v1/models/${f.modelId}/batch`,
      init: { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'x[0],x[1]\n0.5,0.5\n' },
    }),
  },
  'GET /api/v1/jobs/{id}': owned(),
  'GET /api/v1/jobs/{id}/result': owned('/result'),
  'GET /api/v1/jobs/{id}/events': owned('/events'),
  'POST /api/v1/jobs/{id}/cancel': owned('/cancel', json('POST', {})),
  'POST /api/v1/jobs/{id}/retry': owned('/retry', json('POST', {})),
  'DELETE /api/v1/jobs/{id}': owned('', { method: 'DELETE' }),
}
