import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem, type ProblemCode, problemCodes } from '@roundhouse/sdk/contract'
import Fastify from 'fastify'
import type { Bucket, StoredObject } from '../files/store.ts'
import { problemBody, problemStatus, surfaceOf, toProblem } from './problems.ts'
import { serveObject } from './serve-object.ts'

const bucket: Bucket = {
  id: 'docs',
  owner_id: null,
  public: false,
  open_folders: false,
  internal: false,
  file_size_limit: null,
  allowed_mime_types: null,
  created_at: new Date(0),
  updated_at: new Date(0),
}
const object: StoredObject = {
  id: 'id',
  bucket_id: 'docs',
  name: 'a',
  owner_id: null,
  version: 'first',
  size_bytes: 5,
  content_type: 'text/plain',
  cache_control: 'max-age=60',
  sha256: 'f'.repeat(64),
  user_metadata: null,
  created_at: new Date(0),
  updated_at: new Date(0),
}

test('an object that is replaced between being found and being read is served whole, as the new one', async t => {
  const second = { ...object, version: 'second', size_bytes: 6, sha256: '0'.repeat(64) }
  for (const [versions, expected] of [
    [
      [object, second],
      { status: 200, text: 'second', length: '6', etag: `"${second.sha256}"`, cache: 'private, max-age=60' },
    ],
    [
      [object, object],
      { status: 400, text: undefined, length: undefined, etag: undefined, cache: 'no-store' },
    ],
  ] as const) {
    const app = Fastify({ forceCloseConnections: true })
    t.after(() => app.close())
    let finds = 0
    app.get('/storage/v1/a', (request, reply) =>
      serveObject(request, reply, {
        find: async () => ({ bucket, object: versions[finds++] ?? object }),
        async pieces({ version }) {
          if (version === 'first') throw new Problem('object-bytes-missing', 'Gone.')
          return (async function* () {
            yield Buffer.from(version)
          })()
        },
        link: async () => undefined,
        begin() {},
      }),
    )
    app.setErrorHandler((error, request, reply) => {
      const problem = toProblem(error)
      return reply.code(problemStatus(problem, 'storage')).send(problemBody(problem, 'storage', request.id))
    })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const reply = await fetch(`${address}/storage/v1/a`, { headers: { range: 'bytes=0-' } })
    const text = await reply.text()
    assert.equal(reply.status, expected.status === 200 ? 206 : expected.status)
    assert.equal(reply.headers.get('etag') ?? undefined, expected.etag)
    assert.equal(reply.headers.get('cache-control'), expected.cache)
    assert.equal(reply.headers.get('content-range'), expected.length ? 'bytes 0-5/6' : null)
    if (expected.text) assert.equal(text, expected.text)
    else assert.equal((JSON.parse(text) as { code: string }).code, 'NoSuchKey')
  }
})

test('a refusal under /storage/v1 is of the shape and the status that clients of Supabase Storage read', () => {
  const shown = (code: ProblemCode, path = '/storage/v1/object/b/x') => {
    const problem = new Problem(code, 'Why.')
    const surface = surfaceOf(path)
    return [problemStatus(problem, surface), problemBody(problem, surface, 'r')]
  }
  const body = (statusCode: string, error: string, code: string) => ({
    statusCode,
    error,
    message: 'Why.',
    code,
  })
  assert.deepEqual(shown('object-not-found'), [400, body('404', 'not_found', 'NoSuchKey')])
  assert.deepEqual(shown('bucket-not-found'), [400, body('404', 'Bucket not found', 'NoSuchBucket')])
  assert.deepEqual(shown('forbidden'), [400, body('403', 'Unauthorized', 'AccessDenied')])
  assert.deepEqual(shown('unauthenticated'), [400, body('403', 'Unauthorized', 'AccessDenied')])
  assert.deepEqual(shown('payload-too-large'), [400, body('413', 'Payload too large', 'EntityTooLarge')])
  assert.deepEqual(shown('rate-limited'), [429, body('429', 'too_many_connections', 'SlowDown')])
  assert.deepEqual(shown('not-found', '/storage/v1/x'), [404, body('404', 'Not Found', 'InvalidRequest')])
  assert.deepEqual(shown('storage-full'), [507, body('507', 'InsufficientStorage', 'InsufficientStorage')])
  assert.deepEqual(shown('internal'), [500, body('500', 'Internal', 'InternalError')])
  assert.equal(surfaceOf('/storage/v10'), 'roundhouse')
  const codes = Object.keys(problemCodes) as ProblemCode[]
  for (const code of codes) {
    const [status, shownBody] = shown(code)
    assert.ok(status === 400 || status === problemCodes[code].status, code)
    for (const value of Object.values(shownBody as object)) assert.equal(typeof value, 'string', code)
    // Uploads in pieces have a protocol of their own, in which the status counts.
    const [resumable] = shown(code, '/storage/v1/upload/resumable/x')
    assert.equal(resumable, problemCodes[code].status, code)
  }
})
