import { type AccessFixture, json, type Who } from '../src/testing/access-fixture.ts'
import { agentMatrix } from './access-matrix-agents.ts'
import { alertMatrix } from './access-matrix-alerts.ts'
import { changesMatrix } from './access-matrix-changes.ts'
import { creditsMatrix } from './access-matrix-credits.ts'
import { embedMatrix } from './access-matrix-embeds.ts'
import { jobMatrix } from './access-matrix-jobs.ts'
import { knowledgeMatrix } from './access-matrix-knowledge.ts'
import { logMatrix } from './access-matrix-logs.ts'
import { measuredMatrix } from './access-matrix-measured.ts'
import { providerMatrix } from './access-matrix-providers.ts'
import { resumableMatrix } from './access-matrix-resumable.ts'
import { runMatrix } from './access-matrix-runs.ts'
import { storageMatrix } from './access-matrix-storage.ts'
import { surfaceMatrix } from './access-matrix-surfaces.ts'
import { taskMatrix } from './access-matrix-tasks.ts'

/**
 * Who may what. `owned`: the owner's private thing. `signedIn`: everyone with an account, about themselves.
 * `admin`: administrators. `open`: everyone, without a credential too.
 * `entrance`: where people sign in; nobody is kept out for who they are, but for what they send.
 */
export type Kind = 'owned' | 'signedIn' | 'admin' | 'open' | 'entrance'

type Call = { path: string; init?: RequestInit }

export type Row = {
  kind: Kind
  /** A request that its rightful caller succeeds with; made anew for every caller. */
  call: (f: AccessFixture) => Call | Promise<Call>
  /** Where a caller is answered otherwise than the kind says, and why. */
  except?: Partial<Record<Who, readonly number[]>>
  /** The answer is a stream of events that ends when the reader goes. */
  isEndless?: true
}

const get = (path: string): Call => ({ path })
const body = (method: string, path: string, value: unknown): Call => ({ path, init: json(method, value) })
const open = (path: string): Row => ({ kind: 'open', call: () => get(path) })
const admin = (call: Row['call']): Row => ({ kind: 'admin', call })
const owned = (call: Row['call'], except?: Row['except']): Row => ({
  kind: 'owned',
  call,
  ...(except ? { except } : {}),
})
const signedIn = (call: Row['call'], except?: Row['except']): Row => ({
  kind: 'signedIn',
  call,
  ...(except ? { except } : {}),
})

/** A bare name never means another's private model, for nobody: administrators ask for it by its id. */
const named = (call: Row['call']): Row => owned(call, { admin: [404], service: [404] })
const v2 = (rest = '') => named(f => get(`/v2/models/${f.modelName}${rest}`))
const inference = {
  inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [0.5, 0.5] }],
}
const withFiles = (status: number) => ({ wrongScope: [status], adminWrongScope: [status] })
const talk = { title: 'Talk', messages: [{ role: 'user', text: 'Hello' }] }
const entrance = (call: Row['call']): Row => ({ kind: 'entrance', call })

/** By method and path of the OpenAPI description. A route that is not here fails the tests. */
export const matrix: Readonly<Record<string, Row>> = {
  ...storageMatrix,
  ...resumableMatrix,
  ...taskMatrix,
  ...agentMatrix,
  ...alertMatrix,
  ...changesMatrix,
  ...creditsMatrix,
  ...embedMatrix,
  ...jobMatrix,
  ...knowledgeMatrix,
  ...logMatrix,
  ...measuredMatrix,
  ...providerMatrix,
  ...runMatrix,
  ...surfaceMatrix,
  'GET /health': open('/health'),
  'GET /api/health': open('/api/health'),
  'GET /api/v1/live': open('/api/v1/live'),
  'GET /api/v1/ready': open('/api/v1/ready'),
  'GET /api/v1/health': open('/api/v1/health'),
  'GET /api/v1/health/workers': open('/api/v1/health/workers'),
  'GET /api/v1/health/celery': open('/api/v1/health/celery'),
  'GET /metrics': admin(() => get('/metrics')),

  'GET /api/v1/models': signedIn(() => get('/api/v1/models')),
  'GET /api/v1/models/states': signedIn(() => get('/api/v1/models/states')),
  'POST /api/v1/models': signedIn(() => body('POST', '/api/v1/models', { name: 'mine' })),
  'GET /api/v1/models/{id}': owned(f => get(`/api/v1/models/${f.modelId}`)),
  'PATCH /api/v1/models/{id}': owned(async f =>
    body('PATCH', `/api/v1/models/${await f.pendingModel()}`, { description: 'changed' }),
  ),
  'DELETE /api/v1/models/{id}': owned(async f => ({
    path: `/api/v1/models/${await f.pendingModel()}`,
    init: { method: 'DELETE' },
  })),
  'POST /api/v1/models/{id}/validate': owned(f => body('POST', `/api/v1/models/${f.modelId}/validate`, {})),
  'POST /api/v1/models/{id}/upload': owned(async f => {
    const form = new FormData()
    form.set('file', new Blob(['no model']), 'm.onnx')
    return { path: `/api/v1/models/${await f.pendingModel()}/upload`, init: { method: 'POST', body: form } }
  }),
  'GET /api/v1/models/by-name/{name}/versions': named(f =>
    get(`/api/v1/models/by-name/${f.modelName}/versions`),
  ),
  'GET /api/v1/models/by-name/{name}/latest': named(f => get(`/api/v1/models/by-name/${f.modelName}/latest`)),
  'POST /api/v1/models/{id}/predict': owned(f =>
    body('POST', `/api/v1/models/${f.modelId}/predict`, { input_data: { x: [[0.5, 0.5]] } }),
  ),
  'GET /api/v1/models/{id}/predictions': owned(f => get(`/api/v1/models/${f.modelId}/predictions`)),
  // The scope that is wrong elsewhere is the right one here; an administrator's key of it has no more rights than a user's.
  'GET /api/v1/reports': signedIn(() => get('/api/v1/reports'), withFiles(200)),
  'POST /api/v1/reports': signedIn(
    () => body('POST', '/api/v1/reports', { template: 'conversation-transcript', data: talk }),
    withFiles(201),
  ),
  'GET /api/v1/reports/templates': signedIn(() => get('/api/v1/reports/templates'), withFiles(200)),
  'GET /api/v1/reports/{id}': owned(async f => get(`/api/v1/reports/${await f.report()}`), {
    wrongScope: [200],
    adminWrongScope: [404],
  }),
  'GET /api/v1/reports/{id}/pages/{page}.png': owned(
    async f => get(`/api/v1/reports/${await f.report()}/pages/1.png`),
    { wrongScope: [200], adminWrongScope: [404] },
  ),
  'DELETE /api/v1/reports/{id}': owned(
    async f => ({ path: `/api/v1/reports/${await f.fileLessReport()}`, init: { method: 'DELETE' } }),
    { wrongScope: [204], adminWrongScope: [404] },
  ),
  'GET /api/v1/cache/metrics': signedIn(() => get('/api/v1/cache/metrics')),
  'POST /api/v1/cache/metrics/reset': admin(() => body('POST', '/api/v1/cache/metrics/reset', {})),

  'GET /v2': signedIn(() => get('/v2')),
  'GET /v2/health/live': open('/v2/health/live'),
  'GET /v2/health/ready': open('/v2/health/ready'),
  'GET /v2/models': signedIn(() => get('/v2/models')),
  'GET /v2/models/stats': signedIn(() => get('/v2/models/stats')),
  'GET /v2/models/{model}': v2(),
  'GET /v2/models/{model}/config': v2('/config'),
  'GET /v2/models/{model}/ready': v2('/ready'),
  'GET /v2/models/{model}/stats': v2('/stats'),
  'GET /v2/models/{model}/versions/{version}': v2('/versions/1'),
  'GET /v2/models/{model}/versions/{version}/config': v2('/versions/1/config'),
  'GET /v2/models/{model}/versions/{version}/ready': v2('/versions/1/ready'),
  'GET /v2/models/{model}/versions/{version}/stats': v2('/versions/1/stats'),
  'POST /v2/models/{model}/infer': named(f => body('POST', `/v2/models/${f.modelName}/infer`, inference)),
  'POST /v2/models/{model}/versions/{version}/infer': named(f =>
    body('POST', `/v2/models/${f.modelName}/versions/1/infer`, inference),
  ),
  'POST /v2/repository/index': signedIn(() => body('POST', '/v2/repository/index', {})),
  'POST /v2/repository/models/{model}/load': named(f =>
    body('POST', `/v2/repository/models/${f.modelName}/load`, {}),
  ),
  'POST /v2/repository/models/{model}/unload': named(f =>
    body('POST', `/v2/repository/models/${f.modelName}/unload`, {}),
  ),

  'GET /api/v1/sign-in-options': open('/api/v1/sign-in-options'),
  'POST /api/v1/setup': entrance(() =>
    body('POST', '/api/v1/setup', { token: 'x', email: 'a@example.com', password: 'long enough', name: 'A' }),
  ),
  'POST /api/auth/sign-up/email': entrance(() => body('POST', '/api/auth/sign-up/email', {})),
  'POST /api/auth/sign-in/email': entrance(() => body('POST', '/api/auth/sign-in/email', {})),
  'POST /api/auth/sign-in/social': entrance(() => body('POST', '/api/auth/sign-in/social', {})),
  'GET /api/auth/callback/github': entrance(() => get('/api/auth/callback/github')),
  'GET /api/auth/get-session': open('/api/auth/get-session'),
  'POST /api/auth/sign-out': entrance(() => body('POST', '/api/auth/sign-out', {})),
  'POST /api/auth/change-password': entrance(() => body('POST', '/api/auth/change-password', {})),

  'GET /api/v1/me': signedIn(() => get('/api/v1/me'), { wrongScope: [200], adminWrongScope: [200] }),
  'GET /api/v1/limits': signedIn(() => get('/api/v1/limits')),
  'GET /api/v1/keys': signedIn(() => get('/api/v1/keys')),
  'POST /api/v1/keys': signedIn(() => body('POST', '/api/v1/keys', { name: 'k' })),
  'DELETE /api/v1/keys/{id}': owned(async f => ({
    path: `/api/v1/keys/${await f.ownKey()}`,
    init: { method: 'DELETE' },
  })),
  'GET /api/v1/sessions': signedIn(() => get('/api/v1/sessions')),
  'DELETE /api/v1/sessions/{id}': owned(
    async f => ({ path: `/api/v1/sessions/${await f.ownSession()}`, init: { method: 'DELETE' } }),
    // Their own only: administrators end the sessions of others by `revoke`.
    { admin: [404], service: [404] },
  ),

  'GET /api/v1/admin/stats': admin(() => get('/api/v1/admin/stats')),
  'GET /api/v1/admin/usage': admin(() => get('/api/v1/admin/usage?by=model')),
  'GET /api/v1/admin/users': admin(() => get('/api/v1/admin/users')),
  'GET /api/v1/admin/users/{id}': admin(f => get(`/api/v1/admin/users/${f.owner.id}`)),
  'PATCH /api/v1/admin/users/{id}': admin(f =>
    body('PATCH', `/api/v1/admin/users/${f.other.id}`, { plan: 'pro' }),
  ),
  'PUT /api/v1/admin/users/{id}/roles': admin(f =>
    body('PUT', `/api/v1/admin/users/${f.other.id}/roles`, { roles: ['member'] }),
  ),
  'POST /api/v1/admin/users/{id}/revoke': admin(async f =>
    body('POST', `/api/v1/admin/users/${await f.guest()}/revoke`, {}),
  ),
  'GET /api/v1/admin/plans': admin(() => get('/api/v1/admin/plans')),
  'PATCH /api/v1/admin/plans/{name}': admin(() =>
    body('PATCH', '/api/v1/admin/plans/pro', { concurrent_runs: 21 }),
  ),
  'GET /api/v1/admin/invitations': admin(() => get('/api/v1/admin/invitations')),
  'POST /api/v1/admin/invitations': admin(() =>
    body('POST', '/api/v1/admin/invitations', { email: 'new@example.com' }),
  ),
  'DELETE /api/v1/admin/invitations/{id}': admin(async f => ({
    path: `/api/v1/admin/invitations/${await f.invitation()}`,
    init: { method: 'DELETE' },
  })),
  'GET /api/v1/admin/secrets': admin(() => get('/api/v1/admin/secrets')),
  'PUT /api/v1/admin/secrets/{name}': admin(() => body('PUT', '/api/v1/admin/secrets/mine', { value: 'v' })),
  'DELETE /api/v1/admin/secrets/{name}': admin(async f => ({
    path: `/api/v1/admin/secrets/${await f.secret()}`,
    init: { method: 'DELETE' },
  })),
  'GET /api/v1/admin/audit': admin(() => get('/api/v1/admin/audit')),
}
