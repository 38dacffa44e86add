import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { model, problemBody } from '@roundhouse/sdk/contract'
import fc from 'fast-check'
import { type TestHouse, testHouse, testKey } from '../src/testing/house.ts'
import { loopModel, mlpModel } from '../src/testing/onnx/models.ts'
import { modelOf } from '../src/testing/onnx/refusal.ts'
import { node } from '../src/testing/onnx/writer.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { inventory, nothingLeft } from './left-behind.ts'
import { post, sendRaw } from './wire.ts'

// An upload that is refused says why, and leaves neither row nor file, and a server that predicts as before.

describe('what cannot be uploaded', () => {
  let house: TestHouse
  let dataDir: string
  let start: Awaited<ReturnType<typeof inventory>>
  const limitBytes = 200_000
  const good = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })
  const cleanUp: (() => Promise<void>)[] = []

  before(async () => {
    dataDir = await temporaryFolder({ after: callback => cleanUp.push(callback) })
    house = await testHouse({ after() {} }, { DATA_DIR: dataDir, MAX_MODEL_SIZE_BYTES: String(limitBytes) })
    await house.pushed('good', good, { version: '1' })
    start = await inventory(house, dataDir)
    // The model's, and the mark of the installation.
    assert.equal(start.files.length, 2)
  })
  after(async () => {
    await house?.close()
    for (const callback of cleanUp) await callback()
  })

  /** The refusal has this status and code and our own shape; nothing is left and the model predicts as before. */
  async function refused(response: Response, status: number, code: string): Promise<string> {
    const text = await response.text()
    assert.equal(response.status, status, text)
    const body = problemBody.strict().parse(JSON.parse(text))
    assert.equal(body.code, code, text)
    assert.equal(response.headers.get('x-request-id'), body.request_id)
    await asBefore()
    return body.detail
  }

  async function asBefore(): Promise<void> {
    await nothingLeft(house, dataDir, start)
    const inputs = [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }]
    assert.equal((await post(house, '/v2/models/good/infer', { inputs })).status, 200)
  }

  test('a file that is no model is refused by what it looks like', async () => {
    const files: [string | Uint8Array, RegExp][] = [
      ['', /empty/],
      ['hello', /not an ONNX model/],
      ['{"a":1}', /JSON/],
      ['<!doctype html><html></html>', /HTML/i],
      [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13), /not an ONNX model/],
      [Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0), /ZIP/i],
      [Uint8Array.of(0x80, 2, 0x7d, 0x71, 0), /pickle/i],
      [gzipSync(good), /gzip/i],
      [new Uint8Array(5000), /not an ONNX model/],
      [good.subarray(0, good.length >> 1), /truncated or damaged/],
      [good.subarray(0, 30), /truncated|not an ONNX model/],
      [Buffer.concat([good, Buffer.from('tail')]), /./],
      [modelOf([node('Unheard', ['x'], ['y'])]), /Unheard/],
      [modelOf([]), /./],
    ]
    for (const [file, sentence] of files) {
      const bytes = typeof file === 'string' ? Buffer.from(file) : file
      assert.match(await refused(await house.push('bad', bytes), 422, 'invalid-model'), sentence)
    }
  })

  test('a file that was changed at any one place is refused or served, and never takes the server with it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Uint8Array.from(good)
        bytes[at] = (bytes[at] ?? 0) ^ change
        const response = await house.push('changed', bytes)
        const text = await response.text()
        if (response.status === 201) {
          const { id } = model.parse(JSON.parse(text))
          assert.equal((await house.fetch(`/api/v1/models/${id}`, { method: 'DELETE' })).status, 204)
        } else {
          assert.equal(response.status, 422, text)
          assert.equal(problemBody.parse(JSON.parse(text)).code, 'invalid-model')
        }
      }),
      // The example makes a zero character of the last letter of an opset's name.
      { numRuns: 40, examples: [[361, 111]] },
    )
    await asBefore()
  })

  test('a file without the announced sha256 is refused', async () => {
    const wrong = await house.push('bad', good, { sha256: '0'.repeat(64) })
    assert.match(await refused(wrong, 422, 'hash-mismatch'), /announced was 0000/)
    for (const sha256 of ['', 'abc', 'g'.repeat(64), '0'.repeat(65)]) {
      assert.match(await refused(await house.push('bad', good, { sha256 }), 400, 'invalid-request'), /sha256/)
    }
  })

  test('a file over the limit is refused, with a length and without', async () => {
    const large = new Uint8Array(limitBytes + 1)
    assert.match(await refused(await house.push('bad', large), 413, 'payload-too-large'), /200000/)
    assert.match(
      await refused(await house.push('bad', new Uint8Array(limitBytes * 3)), 413, 'payload-too-large'),
      /MAX_MODEL_SIZE_BYTES/,
    )
    const { head, tail, type } = form([['name', 'bad']])
    const pieces = ReadableStream.from([
      Buffer.from(head),
      ...Array(50).fill(Buffer.alloc(8192)),
      Buffer.from(tail),
    ])
    const init = {
      method: 'POST',
      headers: { 'content-type': type },
      body: pieces,
      duplex: 'half',
    } as RequestInit
    await refused(await house.fetch('/api/v1/models', init), 413, 'payload-too-large')
  })

  test('names, versions and other fields that are not allowed are refused', async () => {
    for (const name of ['', 'stats', '../x', 'a/b', 'a b', '.x', 'é', 'a'.repeat(129), 'a\0']) {
      assert.match(await refused(await house.push(name, good), 400, 'invalid-request'), /name/)
    }
    for (const fields of [
      { version: '1/2' },
      { version: '' },
      { price: '-1' },
      { price: 'free' },
      { visibility: 'all' },
      { description: 'a'.repeat(10_001) },
      { description: 'a\0b' },
      { unknown: '1' },
      { __proto__x: '1' },
    ]) {
      await refused(await house.push('bad', good, fields), 400, 'invalid-request')
    }
    await refused(await house.push('good', good, { version: '1' }), 409, 'model-exists')
  })

  test('a form without its file, with two, or in pieces is refused', async () => {
    const send = (body: string, type: string) =>
      house.fetch('/api/v1/models', { method: 'POST', headers: { 'content-type': type }, body })
    const part = (name: string, rest = '') =>
      `--b\r\ncontent-disposition: form-data; name="${name}"${rest}\r\n\r\n`
    const file = part('file', '; filename="m.onnx"')
    const type = 'multipart/form-data; boundary=b'
    for (const body of [
      `${part('name')}bad\r\n--b--\r\n`,
      `${part('name')}bad\r\n${file}x\r\n${file}y\r\n--b--\r\n`,
      `${part('name')}bad\r\n${part('model', '; filename="m.onnx"')}x\r\n--b--\r\n`,
      `${part('name')}bad\r\n${file}x`,
      `${part('name')}bad\r\n${file}`,
      '--b\r\n',
      '--b--\r\n',
      '',
      'nothing of a form',
      `${Array.from({ length: 40 }, (_, index) => `${part(`f${index}`)}1\r\n`).join('')}${file}x\r\n--b--\r\n`,
      `${part('name')}${'a'.repeat(20_000)}\r\n${file}x\r\n--b--\r\n`,
      `${part('__proto__')}bad\r\n${file}x\r\n--b--\r\n`,
    ]) {
      await refused(await send(body, type), 400, 'invalid-request')
    }
    for (const boundary of ['', '; boundary=', '; boundary="', `; boundary=${'b'.repeat(300)}`]) {
      await refused(await send('x', `multipart/form-data${boundary}`), 400, 'invalid-request')
    }
    await refused(await send('x', 'application/octet-stream'), 415, 'unsupported-media-type')
    await refused(await send('{', 'application/json'), 400, 'invalid-json')
    await refused(await send('{"name":"bad","x":1}', 'application/json'), 400, 'invalid-request')
    await refused(await send('null', 'application/json'), 400, 'invalid-request')
    await refused(await send(`${'['.repeat(50_000)}`, 'application/json'), 400, 'invalid-json')
  })

  test('an upload to a version that does not wait for one is refused', async () => {
    const [id] = start.models[0]?.split(' ') ?? []
    const upload = (where: string) => {
      const body = new FormData()
      body.set('file', new Blob([good as Uint8Array<ArrayBuffer>]), 'm.onnx')
      return house.fetch(`/api/v1/models/${where}/upload`, { method: 'POST', body })
    }
    await refused(await upload(String(id)), 409, 'model-has-file')
    await refused(await upload(randomUUID()), 404, 'model-not-found')
    await refused(await upload('7'), 400, 'invalid-request')
  })

  test('a client that leaves in the middle of an upload leaves nothing', async () => {
    const { head, tail, type } = form([['name', 'bad']])
    const request = (more: string) =>
      `POST /api/v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${testKey}\r\ncontent-type: ${type}\r\n${more}\r\n`
    const file = 'A'.repeat(100_000)
    const length = head.length + file.length + tail.length
    await sendRaw(house, `${request(`content-length: ${length}\r\n`)}${head}${file}`, true)
    await asBefore()
    const chunk = `${(head + file).length.toString(16)}\r\n${head}${file}\r\n`
    await sendRaw(house, `${request('transfer-encoding: chunked\r\n')}${chunk}`, true)
    await asBefore()
    await sendRaw(house, `${request(`content-length: ${length}\r\n`)}${head.slice(0, 40)}`, true)
    await asBefore()
    const close = 'connection: close\r\n'
    const shorter = await sendRaw(
      house,
      `${request(`content-length: ${length - 30}\r\n${close}`)}${head}${file}${tail}`,
    )
    assert.match(shorter, /^HTTP\/1\.1 400 /)
    await asBefore()
    const announced = await sendRaw(house, request(`content-length: ${limitBytes * 10}\r\n${close}`))
    assert.match(announced, /^HTTP\/1\.1 413 /)
    await asBefore()
  })

  test('without a key no byte of an upload is kept', async () => {
    for (const key of [undefined, 'Bearer wrong']) {
      const body = new FormData()
      body.set('name', 'bad')
      body.set('file', new Blob([good as Uint8Array<ArrayBuffer>]), 'm.onnx')
      const headers: Record<string, string> = key === undefined ? {} : { authorization: key }
      await refused(
        await fetch(`${house.url}/api/v1/models`, { method: 'POST', headers, body }),
        401,
        'unauthenticated',
      )
    }
  })

  test('a bad file for a waiting version makes it an error with the reason, and it can be removed', async () => {
    const created = await post(
      house,
      '/api/v1/models',
      { name: 'two-steps' },
      { 'content-type': 'application/json' },
    )
    const { id } = model.parse(await created.json())
    const body = new FormData()
    body.set('file', new Blob(['hello']), 'm.onnx')
    assert.equal((await house.fetch(`/api/v1/models/${id}/upload`, { method: 'POST', body })).status, 200)
    const checked = (await (await post(house, `/api/v1/models/${id}/validate`)).json()) as Record<
      string,
      unknown
    >
    assert.equal(checked.valid, false)
    assert.equal(checked.status, 'error')
    assert.match(String(checked.error), /not an ONNX model/)
    const predicted = await house.predict(id, { x: [[1, 2]] })
    assert.equal(predicted.status, 409)
    assert.match(String(predicted.body.detail), /status is error/)
    assert.equal((await house.fetch(`/api/v1/models/${id}`, { method: 'DELETE' })).status, 204)
    await asBefore()
  })

  test('a model whose cost follows from its inputs is stopped at its deadline and the server goes on', async t => {
    const impatient = await testHouse(t, { PREDICT_TIMEOUT_MS: '300' })
    const { id } = await impatient.pushed('loop', loopModel())
    await impatient.pushed('good', good)
    const startedAt = performance.now()
    const long = await impatient.predict(id, { times: 1_000_000, x: [0, 0] })
    assert.equal(long.status, 504)
    assert(performance.now() - startedAt < 5000)
    const inputs = [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }]
    assert.equal((await post(impatient, '/v2/models/good/infer', { inputs })).status, 200)
  })

  /** Text before and after the file of a form. */
  function form(fields: [string, string][]): { head: string; tail: string; type: string } {
    const parts = fields.map(
      ([name, value]) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    return {
      head: `${parts.join('')}--b\r\ncontent-disposition: form-data; name="file"; filename="m.onnx"\r\n\r\n`,
      tail: '\r\n--b--\r\n',
      type: 'multipart/form-data; boundary=b',
    }
  }
})
