import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { inferenceError } from '@roundhouse/sdk/contract'
import { type TestHouse, testKey } from '../src/testing/house.ts'

/** Sends JSON, or a body as it is. */
export function post(
  house: TestHouse,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return house.fetch(path, { method: 'POST', headers, ...(sent === undefined ? {} : { body: sent }) })
}

/** Sends a JSON header with blobs behind it, by the binary tensor data extension. */
export function postBinary(
  house: TestHouse,
  path: string,
  json: unknown,
  blobs: readonly Uint8Array[],
  headers: Record<string, string> = {},
): Promise<Response> {
  const header = Buffer.from(JSON.stringify(json))
  return house.fetch(path, {
    method: 'POST',
    headers: { 'inference-header-content-length': String(header.length), ...headers },
    body: Buffer.concat([header, ...blobs]),
  })
}

type BinaryAnswer = { json: { outputs: BinaryOutput[] } & Record<string, unknown>; blobs: Buffer[] }
type BinaryOutput = {
  name: string
  shape: number[]
  datatype: string
  parameters?: { binary_data_size: number }
  data?: unknown[]
}

/** Reads an answer with blobs: those of the outputs that have a `binary_data_size`, in order, up to the last byte. */
export async function readBinary(response: Response): Promise<BinaryAnswer> {
  const body = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, 200, body.toString())
  assert.equal(response.headers.get('content-type'), 'application/octet-stream')
  let at = Number(response.headers.get('inference-header-content-length'))
  const json: BinaryAnswer['json'] = JSON.parse(body.subarray(0, at).toString())
  const blobs = json.outputs.flatMap(({ parameters }) => {
    if (!parameters) return []
    at += parameters.binary_data_size
    return [body.subarray(at - parameters.binary_data_size, at)]
  })
  assert.equal(at, body.length)
  return { json, blobs }
}

/** Reads a refusal of /v2: `{"error": text}` and nothing else, as JSON, with this status. Returns the text. */
export async function refusedWith(status: number, response: Response): Promise<string> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/)
  assert.match(response.headers.get('x-request-id') ?? '', /^[\w.-]{1,128}$/)
  const body: unknown = JSON.parse(text)
  assert.deepEqual(Object.keys(body ?? {}), ['error'])
  const { error } = inferenceError.parse(body)
  assert(error.length > 10, 'the text says something')
  return error
}

/** One request by node:http, for methods and headers that fetch does not send. The body is read to its end. */
export function send(
  house: TestHouse,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: Uint8Array | string,
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
  return new Promise((resolve, reject) => {
    const url = new URL(house.url)
    const options = { host: url.hostname, port: url.port, path, method, agent: false as const }
    const request = httpRequest(
      { ...options, headers: { authorization: `Bearer ${testKey}`, ...headers } },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Writes these bytes to a socket of its own and reads until the other side ends it, or until `hangUp` says so. */
export function sendRaw(house: TestHouse, bytes: string | Uint8Array, hangUp = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const url = new URL(house.url)
    const socket = connect(Number(url.port), url.hostname)
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', error => (hangUp ? resolve('') : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.write(bytes, () => {
      if (hangUp) socket.destroy()
    })
  })
}
