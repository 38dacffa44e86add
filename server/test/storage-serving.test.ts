import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { openStorage, send } from './storage-requests.ts'

test('what is stored never runs in our origin', async t => {
  const { house, user, authorization, put } = await openStorage(t)
  const page = '<script>alert(1)</script>'
  const types: Record<string, { attachment: boolean; served?: string }> = {
    'text/html': { attachment: true, served: 'text/plain' },
    'text/html; charset=utf-8': { attachment: true, served: 'text/plain' },
    'TEXT/HTML': { attachment: true, served: 'text/plain' },
    'image/svg+xml': { attachment: true },
    'application/xml': { attachment: true },
    'text/xml': { attachment: true },
    'application/xhtml+xml': { attachment: true },
    'application/pdf': { attachment: true },
    'text/javascript': { attachment: true },
    'application/octet-stream': { attachment: true },
    'application/x-unknown': { attachment: true },
    'image/png': { attachment: false },
    'text/plain': { attachment: false },
    'video/mp4': { attachment: false },
  }
  let number = 0
  for (const [type, { attachment, served }] of Object.entries(types)) {
    for (const bucket of ['docs', 'agent-logos']) {
      const name = `${++number}.html`
      assert.equal((await put(name, page, type, bucket)).status, 200, type)
      const kinds = bucket === 'docs' ? ['', 'authenticated/'] : ['', 'public/']
      for (const kind of kinds) {
        const path = `/storage/v1/object/${kind}${bucket}/${user.id}/${name}`
        const { headers } = await send(house, 'GET', path, { headers: { authorization } })
        assert.equal(headers['x-content-type-options'], 'nosniff', type)
        assert.match(String(headers['content-security-policy']), /^sandbox; default-src 'none';/, type)
        assert.equal(headers['content-disposition'], attachment ? 'attachment' : undefined, type)
        assert.ok(
          String(headers['content-type']).startsWith(served ?? type),
          `${type}: ${headers['content-type']}`,
        )
      }
    }
  }
  for (const type of ['nonsense', 'a/b/c', 'text/', '*/*'])
    assert.equal((await put('y', 'x', type)).code, 'InvalidMimeType', type)
  const evil = `?download=${encodeURIComponent('"; x="\r\nset-cookie: a=b\u202e☃.html')}`
  const { headers } = await send(house, 'GET', `/storage/v1/object/docs/${user.id}/1.html${evil}`, {
    headers: { authorization },
  })
  assert.equal(headers['set-cookie'], undefined)
  assert.equal(
    headers['content-disposition'],
    `attachment; filename="_; x=___set-cookie: a=b__.html"; filename*=UTF-8''%22%3B%20x%3D%22%0D%0Aset-cookie%3A%20a%3Db%E2%80%AE%E2%98%83.html`,
  )
})

test('readers ask for parts and for what has changed', async t => {
  const { house, user, authorization, put } = await openStorage(t)
  await put('digits', '0123456789')
  await put('empty', '')
  const path = `/storage/v1/object/docs/${user.id}/digits`
  const get = (headers: Record<string, string> = {}, method = 'GET', at = path) =>
    send(house, method, at, { headers: { authorization, ...headers } })
  const whole = await get()
  assert.equal(whole.text, '0123456789')
  assert.equal(whole.headers['accept-ranges'], 'bytes')
  assert.equal(whole.headers['content-length'], '10')
  assert.equal(whole.headers['x-robots-tag'], 'none')
  assert.equal(whole.headers['cache-control'], 'private, no-cache')
  const etag = String(whole.headers.etag)
  const modified = String(whole.headers['last-modified'])

  for (const [range, status, text, contentRange] of [
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=7-99', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=4-2', 200, '0123456789', undefined],
    ['bytes=0-1,3-4', 200, '0123456789', undefined],
    ['lines=0-1', 200, '0123456789', undefined],
  ] as const) {
    const reply = await get({ range })
    assert.deepEqual(
      [reply.status, reply.text, reply.headers['content-range']],
      [status, text, contentRange],
      range,
    )
    assert.equal(reply.headers['content-length'], String(text.length))
  }
  for (const range of ['bytes=10-', 'bytes=-0']) {
    const reply = await get({ range })
    assert.deepEqual([reply.status, reply.headers['content-range']], [416, 'bytes */10'], range)
    assertNothingOfObject(reply.headers)
  }
  assert.equal((await get({ range: 'bytes=2-4', 'if-range': etag })).status, 206)
  assert.equal((await get({ range: 'bytes=2-4', 'if-range': modified })).status, 206)
  assert.equal((await get({ range: 'bytes=2-4', 'if-range': '"other"' })).status, 200)
  assert.equal((await get({ 'if-none-match': `"x", W/${etag}` })).status, 304)
  assert.equal((await get({ 'if-none-match': '*' })).text, '')
  assert.equal((await get({ 'if-none-match': '"x"', 'if-modified-since': modified })).status, 200)
  assert.equal((await get({ 'if-modified-since': modified })).status, 304)
  assert.equal((await get({ 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' })).status, 200)

  const head = await get({}, 'HEAD')
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '10'])
  const part = await get({ range: 'bytes=2-4' }, 'HEAD')
  assert.deepEqual([part.status, part.headers['content-length']], [200, '10'])
  assert.equal((await get({ range: 'bytes=10-' }, 'HEAD')).status, 200)
  const none = await get({}, 'HEAD', `${path}-none`)
  assert.deepEqual([none.status, none.text], [400, ''])
  const empty = await get({}, 'GET', `/storage/v1/object/docs/${user.id}/empty`)
  assert.deepEqual([empty.status, empty.text, empty.headers['content-length']], [200, '', '0'])
  const unknown = await send(house, 'GET', '/storage/v1/nothing')
  assert.deepEqual(
    [unknown.status, (JSON.parse(unknown.text) as { statusCode: string }).statusCode],
    [404, '404'],
  )
})

test('who names another state of an object than it has is told so, and gets none of it', async t => {
  const { house, user, authorization, put } = await openStorage(t)
  await put('digits', '0123456789')
  const ask = (headers: Record<string, string> = {}, method = 'GET') =>
    send(house, method, `/storage/v1/object/docs/${user.id}/digits`, {
      headers: { authorization, ...headers },
    })
  const { headers } = await ask({}, 'HEAD')
  const [etag, modified] = [String(headers.etag), String(headers['last-modified'])]
  const before = 'Thu, 01 Jan 2026 00:00:00 GMT'
  for (const given of [
    { 'if-match': etag },
    { 'if-match': `"x", ${etag}` },
    { 'if-match': '*' },
    { 'if-match': etag, 'if-unmodified-since': before },
    { 'if-unmodified-since': modified },
    { 'if-unmodified-since': 'no date' },
  ] as Record<string, string>[]) {
    assert.equal((await ask(given)).text, '0123456789', JSON.stringify(given))
    assert.equal((await ask(given, 'HEAD')).status, 200, JSON.stringify(given))
  }
  for (const given of [
    { 'if-match': '"x"' },
    // A weak tag says nothing about every byte.
    { 'if-match': `W/${etag}` },
    { 'if-match': '"x"', 'if-none-match': etag },
    { 'if-match': '"x"', 'if-unmodified-since': modified },
    { 'if-match': '"x"', range: 'bytes=0-1' },
    { 'if-unmodified-since': before },
  ] as Record<string, string>[]) {
    const reply = await ask(given)
    assert.deepEqual([reply.status, reply.code], [412, 'PreconditionFailed'], JSON.stringify(given))
    assertNothingOfObject(reply.headers)
    assert.equal((await ask(given, 'HEAD')).status, 412, JSON.stringify(given))
  }
})

test('no shared cache is told that it may keep what is private, and public objects keep their cache control', async t => {
  const { house, user, authorization } = await openStorage(t)
  for (const [bucket, cacheControl] of [
    ['docs', 'private, max-age=60'],
    ['agent-logos', 'public, max-age=60, s-maxage=600'],
  ] as const) {
    const path = `/storage/v1/object/${bucket}/${user.id}/a`
    const given = { authorization, 'content-type': 'text/plain' }
    await send(house, 'POST', path, {
      headers: { ...given, 'cache-control': 'public, max-age=60, s-maxage=600' },
      body: 'x',
    })
    const { headers } = await send(house, 'GET', path, { headers: { authorization } })
    assert.equal(headers['cache-control'], cacheControl)
    const known = { authorization, 'if-none-match': String(headers.etag) }
    const unchanged = await send(house, 'GET', path, { headers: known })
    assert.deepEqual([unchanged.status, unchanged.headers['cache-control']], [304, cacheControl])
  }
})

/** A refusal that says what only its object has could be kept in the place of the object. */
function assertNothingOfObject(headers: IncomingHttpHeaders): void {
  for (const name of ['etag', 'last-modified', 'cache-control', 'expires', 'content-disposition'])
    assert.equal(headers[name], undefined, name)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
}
