import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { serviceCaller } from '../accounts/caller.ts'
import { createS3Artifacts } from '../adapters/files/s3/artifacts.ts'
import { createIds } from '../kit/ids.ts'
import { type Log, silentLog } from '../kit/log.ts'
import { type ModelRooms, openModelRooms } from '../testing/model-rooms.ts'
import { type StorageStandIn, storageStandIn } from '../testing/storage-stand-in.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import type { DeclaredModel } from './declared.ts'
import { createModelFetcher, type ModelFetcher } from './fetch.ts'

const sizeBytes = 300_000
const object = 'models/price.onnx'
let rooms: ModelRooms
let storage: StorageStandIn
let bytes: Uint8Array

beforeEach(async context => {
  const scope = { after: (callback: () => Promise<void>) => void ends.push(callback) }
  const ends: (() => Promise<void>)[] = []
  assert.ok('after' in context)
  context.after(async () => {
    for (const end of ends.reverse()) await end()
  })
  rooms = await openModelRooms(scope, { maxSizeBytes: sizeBytes })
  storage = await storageStandIn(scope)
  bytes = randomBytes(sizeBytes)
  storage.objects.set(object, bytes)
})

test('a declared model is fetched, served to signed-in users, and fetched again only when its file has changed', async () => {
  await start()
  assert.deepEqual(await versions(), [{ version: '1', sha256: hashOf(bytes), visibility: 'users' }])
  assert.deepEqual(storage.requests.splice(0), ['HEAD', 'GET'])

  await start()
  assert.equal((await versions()).length, 1)
  assert.deepEqual(storage.requests.splice(0), ['HEAD'])

  const next = randomBytes(sizeBytes)
  storage.objects.set(object, next)
  await start()
  assert.deepEqual(
    (await versions()).map(one => one.sha256),
    [hashOf(next), hashOf(bytes)],
  )
})

test('with a declared sha256 that is served already the storage is not asked, so that it may be down', async () => {
  const sha256 = hashOf(bytes)
  await start({ sha256 })
  storage.requests.length = 0
  storage.always = { status: 500 }
  await start({ sha256 })
  assert.deepEqual(storage.requests, [])
  assert.equal((await versions()).length, 1)
})

test('errors, cut connections and a short answer cost time, and the file goes on where it broke', async () => {
  storage.faults.push(
    { status: 500 },
    { status: 503 },
    undefined,
    { cutAfter: 100_000 },
    { status: 500 },
    { endAfter: 50_000 },
    { cutAfter: 0 },
  )
  await start()
  assert.deepEqual(
    (await versions()).map(one => one.sha256),
    [hashOf(bytes)],
  )
  const [first, second, third, ...parts] = storage.requests
  assert.deepEqual([first, second, third, parts.shift()], ['HEAD', 'HEAD', 'HEAD', 'GET'])
  const starts = parts.map(part => Number(/^GET bytes=(\d+)-$/.exec(part)?.[1]))
  // What was sent before the cut may not all have arrived.
  assert.ok(starts.length === 4 && starts.every(at => at <= 150_000), parts.join())
  assert.equal(Math.max(...starts) > 0, true, parts.join())
})

test('a storage that takes 5 s to answer is waited for; one that is silent for 20 s is asked again', async () => {
  const slow = Promise.withResolvers<void>()
  const silent = Promise.withResolvers<void>()
  storage.faults.push({ held: slow.promise }, { held: silent.promise })
  const clock = turnedClock()
  const { fetcher } = fetcherOf({}, clock)
  const done = fetcher.fetchAll(new AbortController().signal)
  await until(() => storage.requests.length === 1, 'the first question')
  clock.turn(5000)
  slow.resolve()
  await until(() => storage.requests.length === 2, 'the second question')
  clock.turn(20_000)
  await done
  silent.resolve()
  assert.deepEqual(storage.requests, ['HEAD', 'GET', 'GET'])
  assert.equal((await versions()).length, 1)
})

test('an outage at the start of a required model ends it after 120 s with one sentence, and nothing is kept', async () => {
  storage.always = { status: 503 }
  const clock = turnedClock()
  const { fetcher } = fetcherOf({}, clock)
  await assert.rejects(fetcher.fetchAll(new AbortController().signal), error => {
    assert.ok(error instanceof Error)
    assert.match(
      error.message,
      /^Model price could not be fetched from http:\S+: nothing came for 120 s; .*503.* Check the storage and FILES_URL, then start again\.$/,
    )
    return true
  })
  assert.ok(clock.elapsed() > 100_000 && clock.elapsed() <= 120_000, `${clock.elapsed()} ms`)
  assert.deepEqual(await rooms.storedKeys(), [])
})

test('a storage that gives a little after each error ends the start too, and nothing is kept', async () => {
  storage.always = { cutAfter: 100 }
  const clock = turnedClock()
  await assert.rejects(fetcherOf({}, clock).fetcher.fetchAll(new AbortController().signal), {
    message:
      /could not be fetched from http:\S+: it gives less than 100 kB a second; the last try: .* Check the storage/,
  })
  // The 300 kB of the file give 3 s back at most.
  assert.ok(clock.elapsed() > 100_000 && clock.elapsed() <= 123_000, `${clock.elapsed()} ms`)
  assert.deepEqual(await rooms.storedKeys(), [])
})

test('an outage does not end the start where a version serves already, or none is required', async () => {
  await start()
  storage.always = { status: 503 }
  const served = await start()
  assert.deepEqual(
    served.troubles().map(({ blocks }) => blocks),
    [false],
  )
  const optional = await start({ name: 'other', required: false })
  assert.deepEqual(
    optional.troubles().map(({ blocks }) => blocks),
    [false],
  )
  storage.always = undefined
  await optional.retry(new AbortController().signal)
  assert.deepEqual(optional.troubles(), [])
  assert.equal((await versions('other')).length, 1)
})

test('a file of another sha256 is never served or kept; nor fetched again before it has changed', async () => {
  const right = randomBytes(sizeBytes)
  const fetcher = await start({ sha256: hashOf(right) })
  assert.deepEqual(await versions(), [])
  assert.deepEqual(await rooms.storedKeys(), [])
  const [trouble] = fetcher.troubles()
  assert.equal(trouble?.blocks, true)
  assert.match(trouble?.sentence ?? '', new RegExp(`expected ${hashOf(right)}, got ${hashOf(bytes)}`))
  assert.equal(
    storage.requests.filter(request => request === 'GET').length,
    3,
    'it may have been damaged on the way',
  )

  storage.requests.length = 0
  await fetcher.retry(new AbortController().signal)
  assert.deepEqual(new Set(storage.requests), new Set(['HEAD']))
  storage.objects.set(object, right)
  await fetcher.retry(new AbortController().signal)
  assert.deepEqual(fetcher.troubles(), [])
  assert.deepEqual(
    (await versions()).map(one => one.sha256),
    [hashOf(right)],
  )
})

test('an object that is not there is told, and fetched when it comes', async () => {
  storage.objects.delete(object)
  const fetcher = await start()
  assert.match(
    fetcher.troubles()[0]?.sentence ?? '',
    /There is no object models\/price\.onnx\. Put it there\.$/,
  )
  storage.objects.set(object, bytes)
  await fetcher.retry(new AbortController().signal)
  assert.deepEqual(fetcher.troubles(), [])
  assert.equal((await versions()).length, 1)
})

test('an object that changes during the download is fetched anew, never mixed', async () => {
  const next = randomBytes(sizeBytes)
  storage.faults.push(undefined, { cutAfter: 200_000 })
  const log = { ...silentLog, warn: () => void storage.objects.set(object, next) }
  await start({}, log)
  assert.deepEqual(
    (await versions()).map(one => one.sha256),
    [hashOf(next)],
  )
})

test('a storage that refuses the key, and a file that is too large, are told at once', async () => {
  storage.always = { status: 403 }
  const refused = await start()
  assert.match(
    refused.troubles()[0]?.sentence ?? '',
    /refuses to give models\/price\.onnx .*S3_ACCESS_KEY_ID/,
  )
  storage.always = undefined
  storage.objects.set(object, randomBytes(sizeBytes + 1))
  const large = await start()
  assert.match(large.troubles()[0]?.sentence ?? '', /larger than the limit/)
  assert.deepEqual(await rooms.storedKeys(), [])
})

test('replicas that start at once make one version', async () => {
  await Promise.all([start(), start(), start()])
  assert.equal((await versions()).length, 1)
  assert.equal((await rooms.storedKeys()).length, 1)
})

test('a version that was archived is not brought back by a start', async () => {
  await start()
  const model = await rooms.system.newest(null, 'price')
  await rooms.registry.update(serviceCaller('test'), model?.id ?? '', { status: 'archived' })
  await start()
  assert.equal((await rooms.system.newest(null, 'price'))?.status, 'archived')
  assert.equal((await rooms.storedKeys()).length, 1)
})

test('a declared version never changes: other bytes want another version', async () => {
  await start({ version: '2026-11' })
  assert.deepEqual(
    (await versions()).map(one => one.version),
    ['2026-11'],
  )
  storage.objects.set(object, randomBytes(sizeBytes))
  const fetcher = await start({ version: '2026-11' })
  assert.match(fetcher.troubles()[0]?.sentence ?? '', /Version 2026-11 of price is there with other bytes/)
  assert.equal((await versions())[0]?.sha256, hashOf(bytes))
  await start({ version: '2026-12' })
  assert.equal((await versions()).length, 2)
})

test('what the declaration says of an unchanged model is taken over', async () => {
  await start()
  await start({ visibility: 'public', price: 3, kind: 'embedding' })
  const model = await rooms.system.newest(null, 'price')
  const { visibility, price, kind, version } = model ?? {}
  assert.deepEqual([visibility, price, kind, version], ['public', 3, 'embedding', '1'])
})

test('a local copy with the right sha256 is used without a download; another one is replaced, whole or not at all', async context => {
  const folder = await temporaryFolder(context)
  const localPath = join(folder, 'models', 'price.onnx')
  const sha256 = hashOf(bytes)
  storage.faults.push(undefined, { cutAfter: 100_000 }, { cutAfter: 100_000 })
  await start({ localPath, name: 'written' })
  assert.deepEqual(await readdir(join(folder, 'models')), ['price.onnx'])
  assert.equal(hashOf(await readFile(localPath)), sha256)

  storage.requests.length = 0
  await start({ localPath, sha256, name: 'copied' })
  assert.deepEqual(storage.requests, [])
  assert.equal((await versions('copied'))[0]?.sha256, sha256)

  await writeFile(localPath, 'old')
  storage.always = { status: 500 }
  await start({ localPath, sha256, name: 'mended', required: false })
  assert.equal(await readFile(localPath, 'utf8'), 'old')
  storage.always = undefined
  await start({ localPath, sha256, name: 'mended' })
  assert.equal(hashOf(await readFile(localPath)), sha256)
  assert.deepEqual(await readdir(join(folder, 'models')), ['price.onnx'])
})

test('a replica whose disk is empty gets its copy without another download, also when the storage is down', async context => {
  const folder = await temporaryFolder(context)
  const sha256 = hashOf(bytes)
  await start({ localPath: join(folder, 'first.onnx') })
  storage.requests.length = 0
  const second = join(folder, 'other', 'second.onnx')
  await start({ localPath: second })
  assert.deepEqual(storage.requests.splice(0), ['HEAD'])
  assert.equal(hashOf(await readFile(second)), sha256)

  await writeFile(second, 'old')
  storage.always = { status: 500 }
  await start({ localPath: second, sha256 })
  assert.deepEqual(storage.requests, [])
  assert.equal(hashOf(await readFile(second)), sha256)
  assert.deepEqual(await readdir(join(folder, 'other')), ['second.onnx'])
  assert.equal((await versions()).length, 1)
})

test('a copy that cannot be written is told, and what serves goes on serving', async context => {
  await start()
  const file = join(await temporaryFolder(context), 'file')
  await writeFile(file, '')
  const localPath = join(file, 'price.onnx')
  const [trouble] = (await start({ localPath })).troubles()
  assert.equal(trouble?.blocks, false)
  assert.match(trouble?.sentence ?? '', /The copy \S+price\.onnx cannot be written: /)
  assert.equal((await start({ localPath, download: false })).troubles().length, 0, 'nothing to write')
})

test('without downloads the local file is the model, and when it is missing that is told', async context => {
  const localPath = join(await temporaryFolder(context), 'price.onnx')
  const fetcher = await start({ localPath, download: false })
  assert.match(fetcher.troubles()[0]?.sentence ?? '', /There is no file .*price\.onnx/)
  await writeFile(localPath, bytes)
  await fetcher.retry(new AbortController().signal)
  assert.equal((await versions())[0]?.sha256, hashOf(bytes))
  await start({ localPath, download: false })
  assert.equal((await versions()).length, 1)
  assert.deepEqual(storage.requests, [])
})

test('a stop during the download ends it at once', async () => {
  storage.always = { status: 500 }
  const { fetcher } = fetcherOf({}, turnedClock(), silentLog)
  const stop = new AbortController()
  const done = fetcher.fetchAll(stop.signal)
  await until(() => storage.requests.length === 1, 'the first question')
  stop.abort(new Error('stopping'))
  await assert.rejects(done, { message: 'stopping' })
})

/** A start of the server: a fetcher of its own over the same database. Waits between tries take no time. */
async function start(change: Partial<DeclaredModel> = {}, log: Log = silentLog): Promise<ModelFetcher> {
  const { fetcher } = fetcherOf(change, turnedClock(), log)
  await fetcher.fetchAll(new AbortController().signal)
  return fetcher
}

function fetcherOf(
  change: Partial<DeclaredModel>,
  clock: ReturnType<typeof turnedClock>,
  log: Log = silentLog,
): { fetcher: ModelFetcher } {
  const place = {
    bucket: 'files',
    prefix: '',
    endpoint: storage.url,
    region: 'us-east-1',
    pathStyle: true,
  }
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  const declared: DeclaredModel = {
    name: 'price',
    version: undefined,
    bucket: 'models',
    path: 'price.onnx',
    sha256: undefined,
    required: true,
    visibility: undefined,
    price: undefined,
    kind: undefined,
    localPath: undefined,
    download: true,
    ...change,
  }
  const fetcher = createModelFetcher({
    models: [declared],
    source: createS3Artifacts({ place, credentials, log: silentLog }),
    registry: rooms.registry,
    files: rooms.files,
    store: rooms.system,
    clock,
    ids: createIds(),
    log: {
      ...log,
      warn(event, fields) {
        log.warn(event, fields)
        if (event === 'model-fetch-retry') setImmediate(() => clock.turn(Number(fields?.wait_ms) + 1))
      },
    },
  })
  return { fetcher }
}

async function versions(
  name = 'price',
): Promise<{ version: string; sha256: string | null; visibility: string }[]> {
  const models = await rooms.system.family(name, { role: 'service', userId: null })
  return models.map(({ version, file_hash, visibility }) => ({ version, sha256: file_hash, visibility }))
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
