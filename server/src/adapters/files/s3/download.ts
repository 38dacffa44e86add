import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { S3Client } from './client.ts'
import { S3Error, toProblem } from './errors.ts'

/** How often in a row an answer may break off without a byte having come. */
const fruitlessTries = 3

/**
 * The bytes of an object, or a range of them (`end` with it). An answer that breaks off is continued where it stopped,
 * so long as the object is the same; `ifMatch` asks for one state of it from the start.
 * @throws S3Error
 */
export async function download(
  client: S3Client,
  key: string,
  options: { range?: { start: number; end: number } | undefined; ifMatch?: string },
): Promise<Readable> {
  const { range, ifMatch } = options
  const stop = new AbortController()
  const headers = {
    ...(range ? { range: `bytes=${range.start}-${range.end}` } : {}),
    ...(ifMatch ? { 'if-match': ifMatch } : {}),
  }
  const answer = await client.open({ method: 'GET', key, headers, signal: stop.signal }).catch(error => {
    if (error instanceof S3Error && error.status === 416) return undefined
    throw error
  })
  if (!answer) return Readable.from([])
  if (range && answer.statusCode !== 206 && answer.headers['content-length'] !== '0') {
    answer.destroy()
    throw new S3Error(`GET ${key}`, answer.statusCode, 'no range')
  }
  const stream = Readable.from(bytesOf(client, key, answer, range?.start ?? 0, stop.signal), {
    objectMode: false,
    highWaterMark: 256 * 1024,
  })
  stream.once('close', () => {
    stop.abort()
    answer.destroy()
  })
  return stream
}

async function* bytesOf(
  client: S3Client,
  key: string,
  first: IncomingMessage,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const etag = first.headers.etag
  const endAt = start + Number(first.headers['content-length'])
  let answer = first
  let at = start
  let fruitless = 0
  for (;;) {
    fruitless += 1
    let cut: unknown
    try {
      for await (const chunk of answer) {
        at += chunk.byteLength
        fruitless = 0
        yield chunk
      }
    } catch (error) {
      cut = error
    }
    if (at === endAt) return
    signal.throwIfAborted()
    if (!etag || !(at < endAt) || fruitless >= fruitlessTries) {
      const came = `${at - start} of ${endAt - start} bytes came`
      throw toProblem(new S3Error(`GET ${key}`, undefined, came, { cause: cut }), key)
    }
    const headers = { range: `bytes=${at}-${endAt - 1}`, 'if-match': etag }
    answer = await client.open({ method: 'GET', key, headers, signal }).catch(error => {
      throw toProblem(error, key)
    })
    if (answer.statusCode !== 206) {
      answer.destroy()
      throw toProblem(new S3Error(`GET ${key}`, answer.statusCode, 'no range'), key)
    }
  }
}
