import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'
import { openStorage, send } from './storage-requests.ts'

/** Every file of the house, wherever it lies. */
async function filesIn(house: TestHouse): Promise<string[]> {
  const entries = await readdir(house.dataDir, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => `${entry.parentPath}/${entry.name}`)
    .sort()
}

async function rows(house: TestHouse): Promise<number> {
  const found = await sql<{ n: string }>`select count(*) as n from objects`.execute(
    house.ground.database.system,
  )
  return Number(found.rows[0]?.n)
}

const asJson = { 'content-type': 'application/json' }

test('a signed link opens one path for one action until its second, and no edit of it opens anything', async t => {
  const { house, user, authorization, put } = await openStorage(t)
  await put('a.txt', 'secret a')
  await put('b.txt', 'secret b')
  const headers = { authorization, ...asJson }
  const sign = async (name: string, seconds: number) => {
    const path = `/storage/v1/object/sign/docs/${user.id}/${name}`
    const { text } = await send(house, 'POST', path, {
      headers,
      body: JSON.stringify({ expiresIn: seconds }),
    })
    return (JSON.parse(text) as { signedURL: string }).signedURL.split('token=')[1] ?? ''
  }
  const token = await sign('a.txt', 60)
  const folder = `/storage/v1/object/sign/docs/${user.id}`
  const read = (path: string, given: string) => send(house, 'GET', `${path}?token=${given}`)
  const good = await read(`${folder}/a.txt`, token)
  assert.equal(good.text, 'secret a')
  assert.equal(good.headers['cache-control'], undefined)
  assert.ok(Math.abs(Date.parse(good.headers.expires ?? '') - Date.now() - 60_000) < 5000)

  // Other objects, whatever the spelling.
  await send(house, 'POST', '/storage/v1/bucket', {
    headers: { ...asJson, authorization },
    body: '{"name":"x"}',
  })
  for (const path of [
    `${folder}/b.txt`,
    `${folder}/a.txt/`,
    `${folder}//a.txt`,
    `${folder}/%2e%2e/${user.id}/a.txt`,
    `${folder}/../${user.id}/b.txt`,
    `/storage/v1/object/sign/reports/${user.id}/a.txt`,
    `/storage/v1/object/sign/docs/x/${user.id}/a.txt`,
  ])
    assert.equal((await read(path, token)).code, 'InvalidSignature', path)
  assert.equal((await read(`${folder}/%61.txt`, token)).text, 'secret a')

  // Other actions.
  const uploadPath = `/storage/v1/object/upload/sign/docs/${user.id}`
  const asUpload = await send(house, 'PUT', `${uploadPath}/a.txt?token=${token}`, { body: 'changed' })
  assert.equal(asUpload.code, 'InvalidSignature')
  const upload = await send(house, 'POST', `${uploadPath}/new.txt`, { headers: { authorization } })
  const uploadToken = (JSON.parse(upload.text) as { token: string }).token
  assert.equal((await read(`${folder}/new.txt`, uploadToken)).code, 'InvalidSignature')
  const elsewhere = await send(house, 'PUT', `${uploadPath}/a.txt?token=${uploadToken}`, { body: 'changed' })
  assert.equal(elsewhere.code, 'InvalidSignature')
  const asCredential = { headers: { authorization: `Bearer ${token}` } }
  assert.equal(
    (await send(house, 'GET', `/storage/v1/object/docs/${user.id}/a.txt`, asCredential)).code,
    'AccessDenied',
  )

  // Every character of it.
  for (let at = 0; at < token.length; at += 1) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    const { status, code } = await read(`${folder}/a.txt`, changed)
    assert.deepEqual({ status, code }, { status: 400, code: 'InvalidJWT' }, `character ${at}`)
  }
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const later = encode({ ...claims, exp: Number(claims.exp) + 1000 })
  const none = encode({ alg: 'none', typ: 'JWT' })
  const own = createHmac('sha256', 'guess').update(`${header}.${later}`).digest('base64url')
  for (const forged of [
    '',
    token.slice(0, -1),
    `${token}=`,
    `${token}.`,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${later}.${signature}`,
    `${header}.${later}.${own}`,
    `${none}.${later}.`,
    `${none}.${later}.${signature}`,
    `.${payload}.${signature}`,
    'x'.repeat(9000),
  ])
    assert.equal((await read(`${folder}/a.txt`, forged)).code, 'InvalidJWT', forged.slice(0, 60))
  const twice = await send(house, 'GET', `${folder}/a.txt?token=${token}&token=${token}`)
  assert.equal(twice.code, 'InvalidJWT')

  const short = await sign('a.txt', 1)
  await until(async () => (await read(`${folder}/a.txt`, short)).code === 'InvalidJWT', 'the link expires')
  for (const expiresIn of [0, -1, 1.5, 1e12, '60', null]) {
    const path = `/storage/v1/object/sign/docs/${user.id}/a.txt`
    const refused = await send(house, 'POST', path, { headers, body: JSON.stringify({ expiresIn }) })
    assert.equal(refused.status, 400, String(expiresIn))
  }
})

test('links of the key before stay valid after the key was changed, and no others', async t => {
  const [one, two, three] = ['1', '2', '3'].map(digit => digit.repeat(40))
  const { appUrl: databaseUrl } = await testDatabase(t)
  const share = { databaseUrl, dataDir: await temporaryFolder(t) }
  const first = await openStorage(t, { SECRET_KEY: `${one}` }, share)
  await first.put('a.txt', 'kept')
  const path = `/storage/v1/object/sign/docs/${first.user.id}/a.txt`
  const { text } = await send(first.house, 'POST', path, {
    headers: { authorization: first.authorization, ...asJson },
    body: '{"expiresIn":600}',
  })
  const { signedURL } = JSON.parse(text) as { signedURL: string }
  const rotated = await testHouse(t, { SECRET_KEY: `${two},${one}` }, { share })
  const other = await testHouse(t, { SECRET_KEY: `${three}` }, { share })
  assert.equal((await send(rotated, 'GET', `/storage/v1${signedURL}`)).text, 'kept')
  assert.equal((await send(other, 'GET', `/storage/v1${signedURL}`)).code, 'InvalidJWT')
})

test('names that could be paths are refused, and nothing is written for them', async t => {
  const { house, user, authorization, put } = await openStorage(t)
  await put('there.txt', 'there')
  const before = await filesIn(house)
  const path = (name: string) => `/storage/v1/object/docs/${user.id}/${name}`
  for (const name of [
    '../x',
    '..',
    '.',
    'a/../../x',
    'a/./x',
    '%2e%2e/x',
    '%2E%2E%2Fx',
    '..%2f..%2fetc%2fpasswd',
    'a%00b',
    'a%5c..%5cb',
    'a\\..\\b',
    '%EF%BC%8E%EF%BC%8E/x',
    '%E2%80%AE.txt',
    'a%0d%0ab',
    'x'.repeat(1000),
    'a%25b',
    '%ff',
    '%22',
  ]) {
    const reply = await send(house, 'POST', path(name), { headers: { authorization }, body: 'x' })
    assert.equal(reply.status, 400, name)
    for (const bodyName of [decoded(name)]) {
      const body = JSON.stringify({
        bucketId: 'docs',
        sourceKey: `${user.id}/there.txt`,
        destinationKey: `${user.id}/${bodyName}`,
      })
      for (const act of ['move', 'copy']) {
        const headers = { authorization, ...asJson }
        const moved = await send(house, 'POST', `/storage/v1/object/${act}`, { headers, body })
        assert.equal(moved.code, 'InvalidKey', `${act} ${name}`)
      }
    }
  }
  assert.deepEqual(await filesIn(house), before)
  assert.equal(await rows(house), 1)
  // What looks odd and is allowed stays what it is.
  for (const name of ['a//b', '...', "it's (1) & more=+@.txt"]) {
    const encoded = name.split('/').map(encodeURIComponent).join('/')
    assert.equal((await put(encoded, name)).status, 200, name)
    assert.equal((await send(house, 'GET', path(encoded), { headers: { authorization } })).text, name)
  }
  for (const file of await filesIn(house))
    assert.match(
      file.slice(house.dataDir.length),
      /^\/(files\/(\.tmp\/)?objects\/[0-9a-f-]{36}|files\/installation|[a-z-]+key)$/,
    )
})

test('bodies that lie about their length, never end or are cut off leave neither a row nor a byte', async t => {
  const { house, user, authorization } = await openStorage(t, { MAX_FILE_SIZE_BYTES: '1000000' })
  const before = await filesIn(house)
  const { hostname, port } = new URL(house.url)
  const head = (more: string, name = 'x') =>
    `POST /storage/v1/object/docs/${user.id}/${name} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-type: text/plain\r\n${more}\r\n\r\n`
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`

  /** Writes until the other side has answered or `last` is out; gives what came back. */
  async function raw(first: string, more: string | undefined, last?: string): Promise<string> {
    const socket = connect(Number(port), hostname)
    let back = ''
    let ended = false
    socket.on('data', part => (back += part)).on('error', () => {})
    socket.on('close', () => (ended = true))
    socket.write(first)
    for (let n = 0; n < 400 && more !== undefined && back === '' && !ended; n += 1)
      await new Promise<void>(resolve =>
        socket.write(more) ? setImmediate(resolve) : socket.once('drain', resolve).once('close', resolve),
      )
    if (last !== undefined) socket.write(last)
    if (more === undefined && last === undefined) socket.destroy()
    else await until(() => back !== '' || ended, 'an answer')
    socket.destroy()
    return back
  }

  assert.match(await raw(head('content-length: 1000001'), undefined, 'x'), /"code":"EntityTooLarge"/)
  assert.match(await raw(head('transfer-encoding: chunked'), chunk), /"code":"EntityTooLarge"/)
  await raw(head('content-length: 5000') + 'x'.repeat(100), undefined)
  await raw(head('transfer-encoding: chunked') + chunk, undefined)
  // Shorter than what follows: the rest is no request.
  assert.match(
    await raw(head('content-length: 3', 'short'), undefined, 'abcdef\r\n\r\n'),
    /^HTTP\/1.1 (200|400) /,
  )
  const form = `--b\r\ncontent-disposition: form-data; name=""; filename="f"\r\n\r\n`
  const formHead = (more: string) =>
    head(more, 'form').replace('text/plain', 'multipart/form-data; boundary=b')
  await raw(`${formHead('content-length: 5000')}${form}abc`, undefined)
  assert.match(await raw(formHead('content-length: 100') + form, undefined, 'x'.repeat(100)), / 400 /)
  assert.match(
    await raw(`${formHead('transfer-encoding: chunked')}${form.length.toString(16)}\r\n${form}\r\n`, chunk),
    // Empty where the connection was cut before its answer was read.
    /EntityTooLarge|400|^$/,
  )
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  const headers = { authorization, 'content-encoding': 'gzip' }
  const path = `/storage/v1/object/docs/${user.id}/bomb`
  assert.equal((await send(house, 'POST', path, { headers, body: bomb })).status, 400)

  // The three bytes of the short one are an object like any other; of all else nothing is left.
  await until(
    async () => (await filesIn(house)).length === before.length + (await rows(house)),
    'as many files as objects',
  )
  const { text, code } = await send(house, 'GET', `/storage/v1/object/docs/${user.id}/short`, {
    headers: { authorization },
  })
  assert.ok(text === 'abc' || code === 'NoSuchKey', text)
  assert.equal(await rows(house), text === 'abc' ? 1 : 0)
})

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return `${name}\u0000`
  }
}
