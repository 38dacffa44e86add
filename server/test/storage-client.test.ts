import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { StorageClient } from '@supabase/storage-js'
import { type TestHouse, testHouse, testKey } from '../src/testing/house.ts'
import { until } from '../src/testing/until.ts'

function client(house: TestHouse, key: string): StorageClient {
  return new StorageClient(`${house.url}/storage/v1`, { Authorization: `Bearer ${key}` })
}

async function open(t: TestContext, env: Record<string, string> = {}) {
  const house = await testHouse(t, env)
  const [ann, ben] = [await house.user({ scopes: ['files'] }), await house.user({ scopes: ['files'] })]
  const service = client(house, testKey)
  const made = await service.createBucket('docs', { public: false })
  assert.deepEqual(made, { data: { name: 'docs' }, error: null })
  return { house, service, ann, ben, annClient: client(house, ann.key), benClient: client(house, ben.key) }
}

/** What the client says of a refusal: the true status, and the name of it. */
function refusal({ error }: { error: unknown }): string {
  assert(error instanceof Error)
  const { statusCode, status, code } = error as Error & { statusCode: string; status: number; code: string }
  return `${status} ${statusCode} ${code}`
}

async function textOf({ data, error }: { data: Blob | null; error: unknown }): Promise<string | undefined> {
  assert.equal(error, null)
  return data?.text()
}

test('a script with nothing but @supabase/storage-js makes a private bucket, uploads, signs, downloads and is refused the folder of another', async t => {
  const { ann, ben, annClient, benClient } = await open(t)
  const docs = annClient.from('docs')
  const name = `${ann.id}/notes/first.txt`

  const uploaded = await docs.upload(name, 'hello', { contentType: 'text/plain', metadata: { mood: 'good' } })
  assert.equal(uploaded.error, null)
  assert.equal(uploaded.data?.path, name)
  assert.equal(uploaded.data?.fullPath, `docs/${name}`)
  assert.match(uploaded.data?.id ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(await textOf(await docs.download(name)), 'hello')

  const info = await docs.info(name)
  assert.equal(info.data?.size, 5)
  assert.equal(info.data?.contentType, 'text/plain')
  assert.equal(info.data?.cacheControl, 'max-age=3600')
  assert.deepEqual(info.data?.metadata, { mood: 'good' })
  assert.equal((await docs.exists(name)).data, true)
  assert.equal((await docs.exists(`${ann.id}/none`)).data, false)

  const signed = await docs.createSignedUrl(name, 60, { download: 'first note.txt' })
  const read = await fetch(signed.data?.signedUrl ?? '')
  assert.equal(await read.text(), 'hello')
  assert.equal(
    read.headers.get('content-disposition'),
    `attachment; filename="first note.txt"; filename*=UTF-8''first%20note.txt`,
  )

  const others = benClient.from('docs')
  assert.equal(refusal(await others.download(name)), '400 404 NoSuchKey')
  assert.equal(refusal(await others.info(name)), '400 404 NoSuchKey')
  assert.equal(refusal(await others.createSignedUrl(name, 60)), '400 404 NoSuchKey')
  assert.equal(refusal(await others.upload(name, 'mine', { upsert: true })), '400 403 AccessDenied')
  assert.equal(refusal(await others.upload(`${ann.id}/new`, 'mine')), '400 403 AccessDenied')
  assert.equal(refusal(await others.createSignedUploadUrl(`${ann.id}/new`)), '400 403 AccessDenied')
  assert.equal(refusal(await others.move(name, `${ben.id}/stolen`)), '400 404 NoSuchKey')
  assert.equal(refusal(await others.copy(name, `${ben.id}/stolen`)), '400 404 NoSuchKey')
  assert.deepEqual((await others.remove([name])).data, [])
  assert.deepEqual((await others.list(ann.id)).data, [])
  assert.deepEqual((await others.list()).data, [])
  assert.deepEqual((await others.listV2()).data?.objects, [])
  assert.equal(await textOf(await docs.download(name)), 'hello')
})

test('buckets are made, found, changed, emptied and removed by the service-role key, and by nobody else', async t => {
  const { service, annClient } = await open(t)
  assert.equal(refusal(await service.createBucket('docs')), '400 409 BucketAlreadyExists')
  assert.equal(refusal(await service.createBucket(' docs')), '400 400 InvalidBucketName')
  assert.equal(refusal(await service.createBucket('a/b')), '400 400 InvalidBucketName')
  assert.equal(
    refusal(await service.createBucket('huge', { public: false, fileSizeLimit: '100GB' })),
    '400 413 EntityTooLarge',
  )
  assert.equal(refusal(await annClient.createBucket('mine')), '400 403 AccessDenied')
  assert.equal(refusal(await annClient.updateBucket('docs', { public: true })), '400 403 AccessDenied')
  assert.equal(refusal(await annClient.emptyBucket('docs')), '400 403 AccessDenied')
  assert.equal(refusal(await annClient.deleteBucket('docs')), '400 403 AccessDenied')

  const changed = await service.updateBucket('docs', {
    public: true,
    fileSizeLimit: '2kb',
    allowedMimeTypes: ['text/*', 'image/png'],
  })
  assert.deepEqual(changed.data, { message: 'Successfully updated' })
  const { data: docs } = await service.getBucket('docs')
  assert.equal(docs?.public, true)
  assert.equal(docs?.file_size_limit, 2000)
  assert.deepEqual(docs?.allowed_mime_types, ['text/*', 'image/png'])
  const names = (buckets: { data: { name: string }[] | null }) => buckets.data?.map(({ name }) => name)
  assert.deepEqual(names(await service.listBuckets()), [
    'agent-logos',
    'batches',
    'docs',
    'knowledge',
    'models',
    'reports',
  ])
  assert.deepEqual(names(await annClient.listBuckets()), [
    'agent-logos',
    'batches',
    'docs',
    'knowledge',
    'reports',
  ])
  assert.deepEqual(names(await service.listBuckets({ search: 'O', limit: 2, sortOrder: 'desc' })), [
    'reports',
    'models',
  ])
  assert.equal(refusal(await annClient.getBucket('models')), '400 404 NoSuchBucket')
  assert.equal(refusal(await annClient.from('models').list()), '400 404 NoSuchBucket')

  await service.from('docs').upload('a.txt', 'a')
  assert.equal(refusal(await service.deleteBucket('docs')), '400 409 ResourceNotEmpty')
  assert.equal((await service.emptyBucket('docs')).error, null)
  assert.deepEqual((await service.from('docs').list()).data, [])
  assert.deepEqual((await service.deleteBucket('docs')).data, { message: 'Successfully deleted' })
  assert.equal(refusal(await service.getBucket('docs')), '400 404 NoSuchBucket')
})

test('uploads take text, bytes, forms and streams, keep what is there unless told to replace it, and keep the limits of the bucket', async t => {
  const { house, service, ann, annClient } = await open(t)
  const docs = annClient.from('docs')
  const at = (name: string) => `${ann.id}/${name}`
  const bytes = Buffer.from('bytes of a buffer')
  assert.equal((await docs.upload(at('buffer'), bytes)).error, null)
  const blob = new Blob(['bytes of a blob'], { type: 'image/png' })
  assert.equal(
    (await docs.upload(at('blob'), blob, { cacheControl: '60', metadata: { a: 'ü' } })).error,
    null,
  )
  const stream = Readable.from([Buffer.from('bytes of '), Buffer.from('a stream')])
  assert.equal((await docs.upload(at('stream'), stream, { contentType: 'text/csv' })).error, null)
  assert.equal(await textOf(await docs.download(at('buffer'))), 'bytes of a buffer')
  assert.equal(await textOf(await docs.download(at('stream'))), 'bytes of a stream')
  const { data: info } = await docs.info(at('blob'))
  assert.equal(info?.contentType, 'image/png')
  assert.equal(info?.cacheControl, 'max-age=60')
  assert.deepEqual(info?.metadata, { a: 'ü' })

  assert.equal(refusal(await docs.upload(at('blob'), blob)), '400 409 KeyAlreadyExists')
  const before = await house.ground.files.list('objects/')
  let keysBefore = 0
  for await (const _ of before) keysBefore += 1
  assert.equal((await docs.upload(at('blob'), 'second', { upsert: true })).error, null)
  assert.equal((await docs.update(at('buffer'), 'third')).error, null)
  assert.equal(await textOf(await docs.download(at('blob'))), 'second')
  assert.equal(await textOf(await docs.download(at('buffer'))), 'third')
  let keysAfter = 0
  for await (const _ of house.ground.files.list('objects/')) keysAfter += 1
  assert.equal(keysAfter, keysBefore)

  await service.updateBucket('docs', {
    public: false,
    fileSizeLimit: 1000,
    allowedMimeTypes: ['image/*'],
  })
  const png = { contentType: 'image/png' }
  assert.equal(
    refusal(await docs.upload(at('x'), 'x', { contentType: 'text/plain' })),
    '400 415 InvalidMimeType',
  )
  assert.equal(
    refusal(await docs.upload(at('x'), new Blob(['x'], { type: 'text/plain' }))),
    '400 415 InvalidMimeType',
  )
  assert.equal(refusal(await docs.upload(at('x'), Buffer.alloc(1001), png)), '400 413 EntityTooLarge')
  const large = new Blob([Buffer.alloc(1001)], { type: 'image/png' })
  assert.equal(refusal(await docs.upload(at('x'), large)), '400 413 EntityTooLarge')
  assert.equal((await docs.upload(at('x'), Buffer.alloc(1000), png)).error, null)
  assert.equal((await docs.upload(at('new/.emptyFolderPlaceholder'), Buffer.alloc(0))).error, null)
  assert.equal(refusal(await docs.upload(at('b/.emptyFolderPlaceholder'), 'x')), '400 413 EntityTooLarge')
  let keysLast = 0
  for await (const _ of house.ground.files.list('objects/')) keysLast += 1
  assert.equal(keysLast, keysAfter + 2)
})

test('lists show folders and files, sorted and page by page, each user only their own', async t => {
  const { service, ann, annClient } = await open(t)
  const docs = annClient.from('docs')
  const all = ['a.txt', 'b/c.txt', 'b/d/e.txt', 'Bee.txt', 'z.txt']
  for (const name of all) await docs.upload(`${ann.id}/${name}`, name)
  await service.from('docs').upload('shared/top.txt', 'top')

  const list = async (path: string, options?: object) =>
    (await docs.list(path, options)).data?.map(({ name, id }) => (id === null ? `${name}/` : name))
  assert.deepEqual(await list(''), [`${ann.id}/`])
  assert.deepEqual(await list(ann.id), ['Bee.txt', 'a.txt', 'b/', 'z.txt'])
  assert.deepEqual(await list(`${ann.id}/`, { limit: 2, offset: 1 }), ['a.txt', 'b/'])
  assert.deepEqual(await list(ann.id, { search: 'be' }), ['Bee.txt'])
  assert.deepEqual(await list(ann.id, { sortBy: { column: 'created_at', order: 'desc' } }), [
    'b/',
    'z.txt',
    'Bee.txt',
    'a.txt',
  ])
  assert.deepEqual(await list(`${ann.id}/b`), ['c.txt', 'd/'])
  const [file] = (await docs.list(ann.id, { search: 'a.txt' })).data ?? []
  assert.equal(file?.metadata?.size, 5)
  assert.equal(file?.metadata?.mimetype, 'text/plain;charset=UTF-8')

  for (const sortBy of [
    { column: 'name', order: 'asc' },
    { column: 'name', order: 'desc' },
    { column: 'created_at', order: 'asc' },
    { column: 'updated_at', order: 'desc' },
  ] as const) {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { data, error } = await docs.listV2({
        prefix: `${ann.id}/`,
        limit: 2,
        with_delimiter: true,
        sortBy,
        ...(cursor === undefined ? {} : { cursor }),
      })
      assert.equal(error, null)
      seen.push(
        ...(data?.folders ?? []).map(({ name }) => name),
        ...(data?.objects ?? []).map(({ name }) => name),
      )
      assert.equal(data?.hasNext, data?.nextCursor !== undefined)
      cursor = data?.nextCursor
    } while (cursor !== undefined)
    assert.deepEqual(
      seen.toSorted(),
      ['Bee.txt', 'a.txt', 'b/', 'z.txt'].map(name => `${ann.id}/${name}`),
    )
  }
  const flat = await docs.listV2({ prefix: `${ann.id}/b` })
  assert.deepEqual(
    flat.data?.objects.map(({ name }) => name),
    [`${ann.id}/b/c.txt`, `${ann.id}/b/d/e.txt`],
  )
  assert.equal((await service.from('docs').listV2()).data?.objects.length, 6)
  assert.equal(refusal(await docs.listV2({ cursor: 'bm8' })), '400 400 InvalidRequest')
})

test('objects are moved, copied and removed, never onto one that is there', async t => {
  const { house, ann, annClient } = await open(t)
  const docs = annClient.from('docs')
  const at = (name: string) => `${ann.id}/${name}`
  await docs.upload(at('one'), 'one', { contentType: 'text/plain', metadata: { n: 1 } })
  await docs.upload(at('two'), 'two')
  assert.equal(refusal(await docs.move(at('one'), at('two'))), '400 409 KeyAlreadyExists')
  assert.equal(refusal(await docs.copy(at('one'), at('two'))), '400 409 KeyAlreadyExists')
  assert.deepEqual((await docs.copy(at('one'), at('copy'))).data, { path: `docs/${at('copy')}` })
  assert.equal((await docs.move(at('one'), at('moved'))).error, null)
  assert.equal(refusal(await docs.download(at('one'))), '400 404 NoSuchKey')
  assert.equal(await textOf(await docs.download(at('moved'))), 'one')
  assert.equal(await textOf(await docs.download(at('copy'))), 'one')
  assert.deepEqual((await docs.info(at('copy'))).data?.metadata, { n: 1 })
  assert.equal((await docs.move(at('two'), at('two'), { destinationBucket: 'reports' })).error, null)
  assert.equal(await textOf(await annClient.from('reports').download(at('two'))), 'two')
  assert.equal(refusal(await docs.move(at('copy'), 'elsewhere/two')), '400 403 AccessDenied')

  const removed = await docs.remove([at('moved'), at('copy'), at('never')])
  assert.deepEqual(removed.data?.map(({ name }) => name).sort(), [at('copy'), at('moved')])
  await annClient.from('reports').remove([at('two')])
  await until(async () => {
    for await (const _file of house.ground.files.list('objects/')) return false
    return true
  }, 'the bytes are gone')
})

test('a copy that is not to have the metadata of its source has those that are sent with it', async t => {
  const { ann, annClient } = await open(t)
  const at = (name: string) => `${ann.id}/${name}`
  const docs = annClient.from('docs')
  await docs.upload(at('one'), 'one', { contentType: 'text/plain', metadata: { n: 1 } })
  const copy = (to: string, copyMetadata: boolean) =>
    ann.fetch('/storage/v1/object/copy', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-metadata': Buffer.from('{"n":2}').toString('base64'),
      },
      body: JSON.stringify({
        bucketId: 'docs',
        sourceKey: at('one'),
        destinationKey: at(to),
        copyMetadata,
        metadata: { cacheControl: 'max-age=7' },
      }),
    })
  assert.equal((await copy('other', false)).status, 200)
  assert.equal((await copy('same', true)).status, 200)
  const other = (await docs.info(at('other'))).data
  assert.deepEqual(
    [other?.metadata, other?.cacheControl, other?.contentType],
    [{ n: 2 }, 'max-age=7', 'text/plain'],
  )
  assert.deepEqual((await docs.info(at('same'))).data?.metadata, { n: 1 })
})

test('a signed upload link stores one object for its owner, and signed links come many at a time', async t => {
  const { house, ann, annClient } = await open(t)
  const docs = annClient.from('docs')
  const nobody = new StorageClient(`${house.url}/storage/v1`).from('docs')
  const name = `${ann.id}/from outside.txt`
  const { data: link } = await docs.createSignedUploadUrl(name)
  const stored = await nobody.uploadToSignedUrl(name, link?.token ?? '', 'given', {
    contentType: 'text/plain',
  })
  assert.equal(stored.error, null)
  assert.equal(stored.data?.fullPath, `docs/${name}`)
  assert.equal(await textOf(await docs.download(name)), 'given')
  assert.equal(
    refusal(await nobody.uploadToSignedUrl(name, link?.token ?? '', 'again')),
    '400 409 KeyAlreadyExists',
  )
  assert.equal(refusal(await docs.createSignedUploadUrl(name)), '400 409 KeyAlreadyExists')
  const { data: upsert } = await docs.createSignedUploadUrl(name, { upsert: true })
  assert.equal((await nobody.uploadToSignedUrl(name, upsert?.token ?? '', 'again')).error, null)
  assert.equal(await textOf(await docs.download(name)), 'again')

  const { data: links } = await docs.createSignedUrls([name, `${ann.id}/none`], 60)
  assert.equal(await (await fetch(links?.[0]?.signedUrl ?? '')).text(), 'again')
  assert.equal(links?.[1]?.signedUrl, null)
  assert.equal(links?.[1]?.error, 'Either the object does not exist or you do not have access to it')
})

test('everyone reads a public bucket, whatever credential they send, and nobody lists it without one', async t => {
  const { house, ann, annClient, benClient } = await open(t)
  const name = `${ann.id}/logo.png`
  await annClient.from('agent-logos').upload(name, 'png', { contentType: 'image/png' })
  const nobody = new StorageClient(`${house.url}/storage/v1`)
  const stranger = client(house, 'sb_publishable_of_another_project_0123456789')
  const { publicUrl } = nobody.from('agent-logos').getPublicUrl(name).data
  assert.equal(await (await fetch(publicUrl)).text(), 'png')
  for (const reader of [nobody, stranger, benClient]) {
    assert.equal(await textOf(await reader.from('agent-logos').download(name)), 'png')
    assert.equal((await reader.from('agent-logos').exists(name)).data, true)
    assert.equal(refusal(await reader.from('agent-logos').info('none')), '400 404 NoSuchKey')
  }
  for (const [reader, told] of [
    // Without a credential the request is not of the form that the protocol has.
    [nobody, '400 400 InvalidRequest'],
    [stranger, '400 403 AccessDenied'],
  ] as const) {
    assert.equal(refusal(await reader.from('agent-logos').list()), told)
    assert.equal(refusal(await reader.from('agent-logos').upload('x', 'x')), told)
    assert.equal(refusal(await reader.from('docs').download(name)), told)
    assert.equal(refusal(await reader.from('nothing').download(name)), told)
  }
  assert.deepEqual(await benClient.from('agent-logos').remove([`${ann.id}/..`, 'ä']), {
    data: [],
    error: null,
  })
  assert.equal(refusal(await benClient.from('agent-logos').update(name, 'x')), '400 403 AccessDenied')
  assert.equal((await benClient.from('agent-logos').list(ann.id)).data?.length, 1)
  const asPublic = nobody.from('docs').getPublicUrl(name).data.publicUrl
  assert.equal(((await (await fetch(asPublic)).json()) as { code: string }).code, 'NoSuchBucket')
})

test('a key without the scope files may not write, and one that reads may read', async t => {
  const { house } = await open(t)
  const cat = await house.user({ scopes: ['predict'] })
  const docs = client(house, cat.key).from('docs')
  assert.equal(refusal(await docs.upload(`${cat.id}/a`, 'a')), '400 403 AccessDenied')
  assert.equal(refusal(await docs.download(`${cat.id}/a`)), '400 403 AccessDenied')
  const { key } = await house.house.keys.createFor(cat.id, { name: 'r', scopes: ['read'] })
  assert.equal(
    refusal(await client(house, key).from('docs').upload(`${cat.id}/a`, 'a')),
    '400 403 AccessDenied',
  )
  assert.deepEqual((await client(house, key).from('docs').list()).data, [])
})
