import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import { backoffMs } from '../../../kit/backoff.ts'
import type { Log } from '../../../kit/log.ts'
import { isPassing, S3Error } from './errors.ts'
import { createExchange } from './exchange.ts'
import { type S3Place, urlOf } from './place.ts'
import { type Body, inMemory } from './spool.ts'
import { textOf } from './xml.ts'

export type S3Credentials = { accessKeyId: string; secretAccessKey: string }

/** One request. All of them are safe to repeat: they say what shall be, not what to add. */
export type S3Request = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Without the prefix; the bucket itself when left out. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Body
  /** Of the body, as hex; it is signed. */
  sha256?: string
  silenceMs?: number
  attempts?: number
  /** Cuts it. */
  signal?: AbortSignal
  /** Lets it end, but not be repeated. */
  lastAttempt?: AbortSignal
}

export type S3Answer = { headers: IncomingHttpHeaders; text: string }

export type S3Client = {
  /**
   * The answer with its body still to be read. Whoever does not read it destroys it.
   * @throws S3Error
   */
  open(request: S3Request): Promise<IncomingMessage>
  /**
   * The answer with its body, at most 8 MiB.
   * @throws S3Error, also when a good status is followed by an error in the body, as S3 does after long work.
   */
  send(request: S3Request): Promise<S3Answer>
}

const usualAttempts = 4
const usualSilenceMs = 30_000
const firstWaitMs = 250
const longestWaitMs = 4000
/** A list of 1,000 keys takes half a megabyte. */
const largestTextBytes = 8 * 1024 * 1024
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Signs (AWS signature version 4, header form) and sends, and repeats what failed in passing, after a random wait. */
export function createS3Client(options: { place: S3Place; credentials: S3Credentials; log: Log }): S3Client {
  const { place, credentials, log } = options
  const exchange = createExchange(new URL(place.endpoint).protocol)
  /** Keys derived for a day. */
  const cache = new Map<string, ArrayBuffer>()

  async function signed(request: S3Request): Promise<{ url: URL; headers: Record<string, string> }> {
    const key = request.key === undefined ? '' : place.prefix + request.key
    const signer = new AwsV4Signer({
      ...credentials,
      method: request.method,
      url: urlOf(place, key, request.query).href,
      headers: { ...request.headers, 'x-amz-content-sha256': request.sha256 ?? emptySha256 },
      service: 's3',
      region: place.region,
      cache,
    })
    const { url, headers } = await signer.sign()
    return { url, headers: Object.fromEntries(headers) }
  }

  /** @throws S3Error */
  async function once(request: S3Request): Promise<IncomingMessage> {
    const { method, body = inMemory(), silenceMs = usualSilenceMs, signal } = request
    const { url, headers } = await signed(request)
    if (method === 'PUT' || method === 'POST') headers['content-length'] = String(body.sizeBytes)
    const answer = await exchange({ method, url, headers, body: body.bytes(), silenceMs, signal }).catch(
      error => {
        throw noAnswer(request, error)
      },
    )
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return answer
    const code = textOf(await readText(answer).catch(() => ''), 'Code')
    throw new S3Error(nameOf(request), status, code ?? 'no code')
  }

  async function repeated<T>(request: S3Request, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        request.signal?.throwIfAborted()
        const failure = error instanceof S3Error ? error : noAnswer(request, error)
        const last = attempt >= (request.attempts ?? usualAttempts) || request.lastAttempt?.aborted
        if (last || !isPassing(failure)) throw failure
        log.warn('storage-retry', { reason: failure.message, attempt })
        await wait(attempt, request.signal)
      }
    }
  }

  return {
    open: request => repeated(request, () => once(request)),
    send: request =>
      repeated(request, async () => {
        const answer = await once(request)
        const text = await readText(answer)
        if (/<Error[\s>]/.test(text)) {
          throw new S3Error(nameOf(request), answer.statusCode, textOf(text, 'Code') ?? 'no code')
        }
        return { headers: answer.headers, text }
      }),
  }
}

async function wait(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = Math.random() * backoffMs(attempt, firstWaitMs, longestWaitMs)
  await delay(waitMs, undefined, signal ? { signal } : {})
}

function nameOf({ method, key, query }: S3Request): string {
  const what = Object.keys(query ?? {}).filter(name => ['list-type', 'uploads', 'uploadId'].includes(name))
  return [method, key ?? 'the bucket', ...what].join(' ')
}

function noAnswer(request: S3Request, error: unknown): S3Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'broken'
  return new S3Error(nameOf(request), undefined, code, { cause: error })
}

/** @throws Error when the answer breaks off or is too long. */
async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of answer) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > largestTextBytes) throw new Error(`the answer has more than ${largestTextBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
