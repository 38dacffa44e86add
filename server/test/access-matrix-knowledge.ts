import { randomUUID } from 'node:crypto'
import { type AccessFixture, json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const path = '/api/v1/knowledge'
const signedIn = (call: Row['call']): Row => ({ kind: 'signedIn', call })
const text = (name: string) => ({ name, text: 'Some words.' })

/** Of the owner, private. */
async function made(f: AccessFixture, at: string, body: object): Promise<string> {
  const reply = await f.owner.fetch(at, json('POST', body))
  return ((await reply.json()) as { id: string }).id
}

const collection = (f: AccessFixture) => made(f, path, { name: `Of ${randomUUID().slice(0, 8)}` })

const owned = (rest = '', init?: RequestInit): Row => ({
  kind: 'owned',
  call: async f => ({ path: `${path}/${await collection(f)}${rest}`, ...(init ? { init } : {}) }),
})
const ownedDocument = (init?: RequestInit): Row => ({
  kind: 'owned',
  async call(f) {
    const documents = `${path}/${await collection(f)}/documents`
    return { path: `${documents}/${await made(f, documents, text('a'))}`, ...(init ? { init } : {}) }
  },
})

export const knowledgeMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/knowledge': signedIn(() => ({ path })),
  'POST /api/v1/knowledge': signedIn(() => ({
    path,
    init: json('POST', { name: `Mine ${randomUUID().slice(0, 8)}` }),
  })),
  'GET /api/v1/knowledge/{id}': owned(),
  'PATCH /api/v1/knowledge/{id}': owned('', json('PATCH', { description: 'changed' })),
  'DELETE /api/v1/knowledge/{id}': owned('', { method: 'DELETE' }),
  'POST /api/v1/knowledge/{id}/search': owned('/search', json('POST', { query: 'words' })),
  'GET /api/v1/knowledge/{id}/documents': owned('/documents'),
  'POST /api/v1/knowledge/{id}/documents': owned('/documents', json('POST', text('b'))),
  'GET /api/v1/knowledge/{id}/documents/{document}': ownedDocument(),
  'PUT /api/v1/knowledge/{id}/documents/{document}': ownedDocument(json('PUT', text('c'))),
  'DELETE /api/v1/knowledge/{id}/documents/{document}': ownedDocument({ method: 'DELETE' }),
}
