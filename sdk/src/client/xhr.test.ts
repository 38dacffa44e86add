import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { createClient } from './client.ts'
import type { UploadProgress } from './upload.ts'

const made: { withCredentials: boolean }[] = []

/** What a page has and Node has not, over the real wire. */
function PageXhr() {
  const controller = new AbortController()
  const headers = new Headers()
  let to = { method: '', url: '' }
  let answer = new Response()
  const xhr = {
    status: 0,
    response: undefined as unknown,
    withCredentials: false,
    upload: { onprogress(_event: { loaded: number }) {} },
    onload() {},
    onerror() {},
    onabort() {},
    open(method: string, url: string) {
      to = { method, url }
    },
    setRequestHeader: (name: string, value: string) => headers.set(name, value),
    getAllResponseHeaders: () => Array.from(answer.headers, pair => pair.join(': ')).join('\r\n'),
    abort: () => controller.abort(),
    async send(body: Blob) {
      xhr.upload.onprogress({ loaded: body.size - 1 })
      try {
        answer = await fetch(to.url, { method: to.method, headers, body, signal: controller.signal })
        xhr.upload.onprogress({ loaded: body.size })
        xhr.response = await answer.arrayBuffer()
        xhr.status = answer.status
        xhr.onload()
      } catch {
        controller.signal.aborted ? xhr.onabort() : xhr.onerror()
      }
    },
  }
  made.push(xhr)
  return xhr
}

test('in a page an upload goes by XMLHttpRequest, with progress, problems and aborts like everywhere', async t => {
  Reflect.set(globalThis, 'XMLHttpRequest', PageXhr)
  const controller = new AbortController()
  const received: (string | File | null)[] = []
  const server = createServer(async (request, response) => {
    if (received.length === 1) return controller.abort(new Error('cancelled by the user'))
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const contentType = request.headers['content-type'] ?? ''
    const form = await new Response(Buffer.concat(chunks), {
      headers: { 'content-type': contentType },
    }).formData()
    received.push(form.get('file'))
    const body = { error: 'It has one.', code: 'model-has-file', detail: 'It has a file.', request_id: 'r' }
    response.writeHead(409).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    Reflect.deleteProperty(globalThis, 'XMLHttpRequest')
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const baseUrl = `http://127.0.0.1:${address.port}`
  const client = createClient({ baseUrl })
  const file = new File(['onnx'], 'tiny.onnx')

  const reports: UploadProgress[] = []
  const upload = client.models.upload('1', file, { onProgress: progress => reports.push(progress) })
  await assert.rejects(upload, { code: 'model-has-file', message: 'It has a file.' })
  const [file1] = received
  assert(file1 instanceof File)
  assert.deepEqual([file1.name, await file1.text()], ['tiny.onnx', 'onnx'])
  assert.equal(reports.length, 2)
  assert.equal(reports[1]?.sentBytes, reports[1]?.totalBytes)

  const aborted = client.models.upload('1', file, { signal: controller.signal })
  await assert.rejects(aborted, { message: 'cancelled by the user' })

  await once(server.close(), 'close')
  assert(made.every(({ withCredentials }) => !withCredentials))
  const across = createClient({ baseUrl, credentials: 'include' })
  await assert.rejects(across.models.upload('1', file), { name: 'ConnectionError', reason: 'unreachable' })
  assert.equal(made.at(-1)?.withCredentials, true)
})
