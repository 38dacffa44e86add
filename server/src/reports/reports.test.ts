import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import type { ForecastReport } from '@roundhouse/sdk/contract'
import { allScopes, type Caller, serviceCaller } from '../accounts/caller.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { openReportsRoom } from '../testing/reports-room.ts'
import { until } from '../testing/until.ts'
import type { LinkedReport } from './reports.ts'

const { database, folder, files, reports } = await openReportsRoom({ after })

const data: ForecastReport = { title: 'Sales 2027', forecast: [{ label: 'Q1', value: 12 }] }
const make = (caller: Caller, more: object = {}) =>
  reports.create(caller, { template: 'forecast-report', data, ...more })

async function logo(bytes: string | Uint8Array, name = `${randomUUID()}`): Promise<string> {
  const upload = { bucket: 'agent-logos', name, contentType: 'image/png', upsert: true }
  await files.objects.put(serviceCaller('test'), { ...upload, source: Readable.from([Buffer.from(bytes)]) })
  return name
}

test('a report is a PDF in the folder of its owner, with a link that is good for an hour', async () => {
  const owner = await newCaller(database.system)
  const messageId = randomUUID()
  const { report, link } = await make(owner, { messageId })
  assert.equal(report.object_name, `${owner.userId}/${messageId}.pdf`)
  assert.deepEqual(
    [report.template, report.version, report.title, report.visibility, report.pages],
    ['forecast-report', 1, 'Sales 2027', 'private', 2],
  )
  assert.ok(link)
  assert.doesNotThrow(() => files.links.verify(link.token, 'download', 'reports', report.object_name))
  const seconds = (link.expiresAt.getTime() - Date.now()) / 1000
  assert.ok(seconds > 3590 && seconds <= 3600, `${seconds}`)
  const { object, stream } = await files.objects.open(owner, 'reports', report.object_name)
  assert.equal(object.content_type, 'application/pdf')
  const pdf = await buffer(stream)
  assert.equal(pdf.length, report.size_bytes)
  assert.ok(pdf.subarray(0, 5).equals(Buffer.from('%PDF-')))
})

test('another user sees a report once it is shared, and never may remove it', async () => {
  const owner = await newCaller(database.system)
  const other = await newCaller(database.system)
  const { report: mine } = await make(owner)
  const { report: shared } = await make(owner, { visibility: 'users' })
  const { report: open } = await make(owner, { visibility: 'public' })

  await assert.rejects(reports.get(other, mine.id), { code: 'resource-not-found' })
  await assert.rejects(reports.get(other, randomUUID()), { code: 'resource-not-found' })
  await assert.rejects(reports.preview(other, mine.id, 1), { code: 'resource-not-found' })
  await assert.rejects(reports.remove(other, mine.id), { code: 'resource-not-found' })
  await assert.rejects(reports.remove(other, shared.id), { code: 'forbidden' })
  assert.ok((await reports.get(other, shared.id)).link)
  await assert.rejects(reports.get(anonymousCaller, shared.id), { code: 'unauthenticated' })
  assert.ok((await reports.get(anonymousCaller, open.id)).link)
  await assert.rejects(make(anonymousCaller), { code: 'unauthenticated' })

  const idsFor = async (caller: Caller) =>
    (await reports.list(caller, { beforeId: undefined, limit: 100 })).map(row => row.id)
  assert.deepEqual(await idsFor(owner).then(own => own.slice(0, 3)), [open.id, shared.id, mine.id])
  assert.equal((await idsFor(other)).includes(mine.id), false)
  assert.deepEqual(
    (await reports.list(owner, { beforeId: shared.id, limit: 1 })).map(row => row.id),
    [mine.id],
  )
})

test('a report for the same message takes the place of the one before, of the same user only', async () => {
  const owner = await newCaller(database.system)
  const other = await newCaller(database.system)
  const messageId = randomUUID()
  const first = await make(owner, { messageId, visibility: 'public' })
  const second = await make(owner, { messageId, title: 'Anew' })
  const ofOther = await make(other, { messageId })
  assert.equal(second.report.id, first.report.id)
  assert.deepEqual([second.report.title, second.report.visibility], ['Anew', 'private'])
  assert.notEqual(ofOther.report.id, first.report.id)
  assert.notEqual(ofOther.report.object_name, first.report.object_name)

  const ofHouse = await make(serviceCaller('test'), { messageId })
  const again = await make(serviceCaller('test'), { messageId })
  assert.equal(ofHouse.report.object_name, `house/${messageId}.pdf`)
  assert.equal(again.report.id, ofHouse.report.id)
})

test('of reports that are made for one message at the same time one remains, its file and what is said of it alike', async () => {
  const owner = await newCaller(database.system)
  const messageId = randomUUID()
  const long = { ...data, assumptions: Array.from({ length: 40 }, (_, index) => `Assumption ${index}`) }
  const made = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      make(owner, { messageId, title: `Number ${index}`, ...(index % 2 ? { data: long } : {}) }),
    ),
  )
  const [id] = made.map(({ report }) => report.id)
  const { report, link } = await reports.get(owner, id ?? '')
  const { object, stream } = await files.objects.open(owner, 'reports', report.object_name)
  assert.equal(object.version, report.object_version)
  assert.equal((await buffer(stream)).length, report.size_bytes)
  assert.ok(link)
  const ofIt = made.filter(each => each.report.object_version === report.object_version)
  assert.deepEqual(
    ofIt.map(each => [each.report.title, each.report.pages]),
    [[report.title, report.pages]],
  )
})

test('a report that is removed while it is made anew is there with its file, or neither is', async () => {
  const owner = await newCaller(database.system)
  for (let round = 0; round < 5; round++) {
    const messageId = randomUUID()
    const { report } = await make(owner, { messageId })
    const [again] = await Promise.all([
      make(owner, { messageId, title: 'Anew' }),
      reports.remove(owner, report.id),
    ])
    const name = report.object_name
    const object = await files.objects.info(owner, 'reports', name).catch(error => error.code)
    const left = await reports.get(owner, again.report.id).catch(error => error.code)
    if (left === 'resource-not-found') assert.equal(object, 'object-not-found')
    else assert.equal(object.object.version, left.report.object_version)
  }
})

test('what the database refuses leaves the report and the file of before, and no bytes of the new one', async () => {
  const owner = await newCaller(database.system)
  const messageId = randomUUID()
  const { report } = await make(owner, { messageId, visibility: 'public' })
  const before = await readdir(folder, { recursive: true })
  // Refused by a check of the table, when the bytes are stored and their row is written.
  await assert.rejects(make(owner, { messageId, visibility: 'private', title: 'x'.repeat(201) }))
  assert.deepEqual((await reports.get(owner, report.id)).report, report)
  const { object, stream } = await files.objects.open(owner, 'reports', report.object_name)
  assert.equal(object.version, report.object_version)
  assert.equal((await buffer(stream)).length, report.size_bytes)
  await until(
    async () => (await readdir(folder, { recursive: true })).length === before.length,
    'no bytes are left',
  )
})

test('a link is for the file it was made for: what took its place is not read by it', async () => {
  const owner = await newCaller(database.system)
  const messageId = randomUUID()
  const old = await make(owner, { messageId, visibility: 'public' })
  const anew = await make(owner, { messageId })
  const read = ({ link, report: { object_name: name } }: LinkedReport) => {
    const { version } = files.links.verify(link?.token ?? '', 'download', 'reports', name)
    return files.objects.infoFor('reports', name, version)
  }
  await assert.rejects(read(old), { code: 'object-not-found' })
  assert.equal((await read(anew)).object.version, anew.report.object_version)

  // Nor what its owner puts there.
  const upload = { bucket: 'reports', name: anew.report.object_name, contentType: 'text/plain', upsert: true }
  await files.objects.put(owner, { ...upload, source: Readable.from(['private']) })
  await assert.rejects(read(anew), { code: 'object-not-found' })
  assert.equal((await reports.get(owner, anew.report.id)).link, null)
  await assert.rejects(reports.preview(owner, anew.report.id, 1), { code: 'resource-not-found' })
  await reports.remove(owner, anew.report.id)
  assert.equal((await files.objects.info(owner, 'reports', upload.name)).object.content_type, 'text/plain')
})

test('a report names no file but its own, whatever writes to its table', async () => {
  const owner = await newCaller(database.system)
  const other = await newCaller(database.system)
  const { report } = await make(owner)
  const { report: foreign } = await make(other)
  const change = database.system
    .updateTable('reports')
    .set({ object_name: foreign.object_name })
    .where('id', '=', report.id)
  await assert.rejects(change.execute(), { code: '23514' })
})

test('a caller sees what is theirs and what is shared in one list, each once', async () => {
  const owner = await newCaller(database.system)
  const other = await newCaller(database.system)
  const titles = async (beforeId?: string) =>
    (await reports.list(other, { beforeId, limit: 3 })).map(row => row.title)
  await make(owner, { title: 'shared 1', visibility: 'users' })
  await make(other, { title: 'own 2', visibility: 'public' })
  await make(owner, { title: 'hidden 3' })
  const { report } = await make(other, { title: 'own 4' })
  await make(owner, { title: 'shared 5', visibility: 'public' })
  assert.deepEqual(await titles(), ['shared 5', 'own 4', 'own 2'])
  assert.deepEqual((await titles(report.id)).slice(0, 2), ['own 2', 'shared 1'])
  const of = async (template: string) =>
    (await reports.list(other, { beforeId: undefined, template, limit: 1 })).map(row => row.title)
  assert.deepEqual([await of(report.template), await of('conversation-transcript')], [['shared 5'], []])
})

test('a report that nobody waits for any more is not stored', async () => {
  const owner = await newCaller(database.system)
  const signal = AbortSignal.abort(new Error('gone'))
  const wanted = { template: 'forecast-report', data }
  await assert.rejects(reports.create(owner, wanted, { signal }), { message: 'gone' })
  assert.deepEqual(
    (await reports.list(owner, { beforeId: undefined, limit: 100 })).filter(
      row => row.owner_id === owner.userId,
    ),
    [],
  )
})

test('a report that cannot be paid in the moment it is stored is not stored, nor does it replace the one before', async () => {
  const owner = await newCaller(database.system)
  const messageId = randomUUID()
  const { report } = await make(owner, { messageId })
  const unpaid = reports.create(
    owner,
    { template: 'forecast-report', data, messageId },
    {
      async within(_db, made) {
        assert.deepEqual([made.report.id, made.link === null], [report.id, false])
        throw new Error('no credits')
      },
    },
  )
  await assert.rejects(unpaid, /no credits/)
  const now = await reports.get(owner, report.id)
  assert.deepEqual([now.report, now.link === null], [report, false])
})

test('a removed report takes its file with it, and a removed file leaves a report without a link', async () => {
  const owner = await newCaller(database.system)
  const { report } = await make(owner)
  await reports.remove(owner, report.id)
  await assert.rejects(reports.get(owner, report.id), { code: 'resource-not-found' })
  await assert.rejects(files.objects.info(owner, 'reports', report.object_name), { code: 'object-not-found' })

  const { report: left } = await make(owner)
  await files.objects.remove(owner, 'reports', left.object_name)
  assert.equal((await reports.get(owner, left.id)).link, null)
  await assert.rejects(reports.preview(owner, left.id, 1), { code: 'resource-not-found' })
  await reports.remove(owner, left.id)
})

test('a page is shown as a picture, and a page that is not there is named', async () => {
  const owner = await newCaller(database.system)
  const { report } = await make(owner)
  const { etag, picture } = await reports.preview(owner, report.id, 2)
  const png = await picture()
  assert.equal(Buffer.from(png.subarray(1, 4)).toString(), 'PNG')
  const again = await reports.preview(owner, report.id, 2)
  assert.equal(again.etag, etag)
  assert.equal(await again.picture(), png, 'it is not made again')
  assert.notEqual((await reports.preview(owner, report.id, 1)).etag, etag)
  await assert.rejects(reports.preview(owner, report.id, 3), { code: 'resource-not-found', message: /has 2/ })
})

test('a logo is PNG, JPEG or an SVG that stands alone; anything else is refused by what it holds', async () => {
  const owner = await newCaller(database.system)
  const svg = (inner: string) =>
    `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 10">${inner}</svg>`
  const pixel = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  const withLogo = (name: string) => make(owner, { data: { ...data, logo: name } })
  for (const good of [svg('<rect width="9" height="9"/><use href="#a"/>'), pixel])
    assert.equal((await withLogo(await logo(good))).report.pages, 2)

  const huge = Buffer.from(pixel)
  huge.writeUInt32BE(90_000, 16)
  huge.writeUInt32BE(90_000, 20)
  const bad: [string, string | Uint8Array][] = [
    ['a text', 'hello'],
    ['a page', '<html><svg></svg></html>'],
    ['a script', svg('<script>alert(1)</script>')],
    ['a picture elsewhere', svg('<image xlink:href="https://example.com/a.png" width="1" height="1"/>')],
    ['a file', svg('<image href="file:///etc/passwd" width="1" height="1"/>')],
    ['a style elsewhere', svg('<style>@import url(https://example.com/a.css);</style>')],
    ['a fill elsewhere', svg('<rect fill="url(https://example.com/a.svg#b)"/>')],
    ['an entity', `<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>${svg('&a;')}`],
    ['a picture of 8 billion pixels', huge],
    ['half a JPEG', Buffer.from('ffd8ffe00010', 'hex')],
  ]
  for (const [what, bytes] of bad)
    await assert.rejects(
      withLogo(await logo(bytes)),
      { code: 'invalid-request', message: /^data\.logo: / },
      what,
    )
  for (const name of ['not-there.png', '../reports/x', '\\'])
    await assert.rejects(withLogo(name), { code: 'invalid-request', message: /there is no object/ }, name)
  await assert.rejects(withLogo(await logo(Buffer.alloc(3 * 1024 * 1024))), { message: /more than the/ })
})

test('what cannot be made is refused by name: template, version, field', async () => {
  const owner = await newCaller(database.system)
  await assert.rejects(make(owner, { template: 'poster' }), { code: 'resource-not-found', message: /poster/ })
  await assert.rejects(make(owner, { version: 7 }), { code: 'resource-not-found', message: /version 7/ })
  await assert.rejects(make(owner, { data: { ...data, forecast: [{ label: 'a', value: 'x' }] } }), {
    code: 'invalid-request',
    message: /^data\.forecast\.0\.value: /,
  })
  const keyOfNobody: Caller = { ...anonymousCaller, role: 'member', scopes: allScopes }
  await assert.rejects(make(keyOfNobody), { code: 'forbidden' })
})
