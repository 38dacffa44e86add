import type { Row } from './access-matrix.ts'

export const changesMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/changes': { kind: 'signedIn', isEndless: true, call: () => ({ path: '/api/v1/changes' }) },
}
