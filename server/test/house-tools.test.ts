import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import { defineQuery, defineTool, type ToolContext } from '@roundhouse/sdk/config'
import { z } from 'zod'
import { defer } from '../src/testing/defer.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'

const migrations = await temporaryFolder({ after })
await writeFile(
  join(migrations, '0001_sales.sql'),
  `create table sales (owner uuid, town text, price integer);
   create table calls (key text primary key, caller text);`,
)
const upstream = await llmUpstream({ after }, obey)
const inner = createServer((_, response) => response.end('secret of the house')).listen(0, '127.0.0.1')
defer({ after }, () => new Promise(resolve => inner.close(resolve)))
await once(inner, 'listening')
const { port } = inner.address() as AddressInfo
const seen: ToolContext[] = []

const sales = defineQuery({
  name: 'sales',
  description: 'What was sold in a town, of your own sales.',
  parameters: z.object({ town: z.string(), above: z.int().optional() }),
  sql: `select town, price from sales
    where owner = :caller_id::uuid and town = :town and (:above::integer is null or price > :above) order by price`,
  maxRows: 2,
})
const note = defineTool({
  name: 'note',
  description: 'Notes what was said.',
  parameters: z.object({
    text: z.string().default('nothing'),
    times: z.int().refine(times => times < 3, 'Less.'),
  }),
  price: 4,
  repeatable: true,
  async run({ text, times }, context) {
    seen.push(context)
    const { sql, callerId, idempotencyKey, files, signal } = context
    await sql`insert into calls values (${idempotencyKey}, ${callerId})`
    await files.put('open', 'note.txt', text.repeat(times))
    return { kept: await (await files.get('open', 'note.txt')).text(), aborted: signal.aborted }
  },
})
const look = defineTool({
  name: 'look',
  description: 'Fetches an address.',
  parameters: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
  run: async ({ url }, { fetch }) => (await fetch(String(url))).text(),
})
const house = await testHouse(
  { after },
  { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'test' },
  {
    declared: {
      migrations,
      queries: [sales],
      tools: [note, look],
      buckets: [{ name: 'notes' }, { name: 'open', open_folders: true }],
      agents: [
        {
          name: 'Desk',
          model: 'default/model',
          tools: [
            { type: 'query', query: 'sales' },
            { type: 'code', tool: 'note' },
            { type: 'code', tool: 'look' },
            { type: 'files', bucket: 'notes', folder: 'desk', write: true },
          ],
        },
      ],
    },
  },
)
const [ann, bob] = [await house.user(), await house.user()]
const { data: agents } = await createClient({ baseUrl: house.url, token: ann.key }).agents.list()
const desk = agents.find(({ slug }) => slug === 'desk')

/** What the tools told the agent, in the order of the calls. */
async function told(user: TestUser, ...calls: readonly (readonly [string, unknown])[]): Promise<string[]> {
  const client = createClient({ baseUrl: house.url, token: user.key })
  const content = calls
    .map(([name, args], index) => order(name, JSON.stringify(args), `call_${index}`))
    .join(' ')
  const { id } = await client.runs.start(desk?.id ?? '', { messages: [{ role: 'user', content }] })
  const answers = new Map<string, string>()
  for await (const { event } of client.runs.follow(id))
    if (event.type === 'tool-result') answers.set(event.id, event.content)
  return calls.map((_, index) => answers.get(`call_${index}`) ?? '')
}

test('a query tells of the rows of the caller alone, whatever the model gives, and of no more than it may', async () => {
  const { sql } = house.ground.appSql
  for (const [owner, town, price] of [
    [ann.id, 'Graz', 3],
    [ann.id, 'Graz', 1],
    [ann.id, 'Graz', 2],
    [ann.id, `'; drop table sales; --`, 9],
    [bob.id, 'Graz', 7],
  ])
    await sql`insert into sales values (${owner}, ${town}, ${price})`
  assert.deepEqual(
    await told(
      ann,
      ['sales', { town: 'Graz' }],
      ['sales', { town: 'Graz', above: 2 }],
      ['sales', { town: `'; drop table sales; --` }],
      ['sales', { town: 'Graz', caller_id: bob.id }],
      ['sales', { town: `Graz' or true or '` }],
    ),
    [
      '[{"town":"Graz","price":1},\n{"town":"Graz","price":2}]\n[Cut: the first 2 rows; there are more.]',
      '[{"town":"Graz","price":3}]',
      `[{"town":"'; drop table sales; --","price":9}]`,
      '[{"town":"Graz","price":1},\n{"town":"Graz","price":2}]\n[Cut: the first 2 rows; there are more.]',
      'No rows.',
    ],
  )
  assert.deepEqual(await told(bob, ['sales', { town: 'Graz' }]), ['[{"town":"Graz","price":7}]'])
})

test('a function of the configuration is called with what was checked, for whom it is, and paid', async () => {
  const before = await balance()
  const [kept, refused] = await told(ann, ['note', { times: 2 }], ['note', { times: 3 }])
  assert.deepEqual(JSON.parse(kept ?? ''), { kept: 'nothingnothing', aborted: false })
  assert.equal(refused, 'times: Less.')
  assert.equal(seen.length, 1)
  assert.deepEqual(await house.ground.appSql.sql`select caller from calls`, [{ caller: ann.id }])
  assert.equal(before - (await balance()), 4)

  async function balance(): Promise<number> {
    const { balance } = (await (await ann.fetch('/api/v1/credits')).json()) as { balance: number }
    return balance
  }
})

test('the requests of a function reach no network of the house', async () => {
  const [plain, named] = await told(
    ann,
    ['look', { url: `http://127.0.0.1:${port}/` }],
    ['look', { url: 'https://localhost:8443/' }],
  )
  assert.match(plain ?? '', /127\.0\.0\.1:\d+ may be reached by https only/)
  assert.match(named ?? '', /is not on the public Internet/)
})

test('files are read and written in the folder of the caller, and there is no way out of it', async () => {
  const put = (user: TestUser, name: string, body: string | Uint8Array<ArrayBuffer>, type = 'text/plain') =>
    user.fetch(`/storage/v1/object/notes/${user.id}/${name}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
  await put(ann, 'top.txt', 'above the folder')
  await put(ann, 'desk/picture.png', new Uint8Array([137, 80]), 'image/png')
  await put(ann, 'desk/bytes', new Uint8Array([0xff, 0xfe, 0]), 'application/octet-stream')
  await put(bob, 'desk/his.txt', 'of another')
  const long = 'ä'.repeat(20_000)
  assert.deepEqual(
    await told(
      ann,
      ['files_write', { path: 'a/plan.md', content: long }],
      ['files_write', { path: '../top.txt', content: 'x' }],
    ),
    [
      'Written: a/plan.md, 40000 bytes.',
      '"../top.txt" is no path here. A path is like notes/2026.md: no / in front, no empty part, no "." or "..".',
    ],
  )
  const [listed, deeper, part, rest, picture, bytes] = await told(
    ann,
    ['files_list', {}],
    ['files_list', { folder: 'a/' }],
    ['files_read', { path: 'a/plan.md', offset: 1, limit: 8 }],
    ['files_read', { path: 'a/plan.md', offset: 39_990 }],
    ['files_read', { path: 'picture.png' }],
    ['files_read', { path: 'bytes' }],
  )
  const { entries } = JSON.parse(listed ?? '')
  assert.deepEqual(
    entries.map((entry: { path?: string; folder?: string }) => entry.path ?? entry.folder),
    ['a/', 'bytes', 'picture.png'],
  )
  assert.match(deeper ?? '', /"path":"a\/plan\.md","size_bytes":40000,"content_type":"text\/markdown/)
  assert.equal(part, 'äää\n[Cut: bytes 2 to 8 of 40000. Go on with offset 8.]')
  assert.equal(rest, 'äääää')
  assert.match(picture ?? '', /image\/png of 2 bytes; only files of text can be read/)
  assert.match(bytes ?? '', /not text in UTF-8/)

  const hostile = [
    '../top.txt',
    'a/../../top.txt',
    './plan.md',
    '/top.txt',
    `/${ann.id}/top.txt`,
    '//top.txt',
    'a//plan.md',
    '',
    '..',
    '.. /top.txt',
    '..\\top.txt',
    '%2e%2e/top.txt',
    '..%2ftop.txt',
    '%2e%2e%2ftop.txt',
    '‥/top.txt',
    '．．/top.txt',
    '..／top.txt',
    '..\u2215top.txt',
    '.\u0000./top.txt',
    `../../${bob.id}/desk/his.txt`,
    `${bob.id}/desk/his.txt`,
  ]
  for (const answer of [
    ...(await told(ann, ...hostile.map(path => ['files_read', { path }] as const))),
    ...(await told(
      ann,
      ...hostile.slice(0, -1).map(path => ['files_write', { path, content: 'x' }] as const),
    )),
    ...(await told(
      ann,
      ...hostile.filter(path => path !== '').map(folder => ['files_list', { folder }] as const),
    )),
  ])
    assert.match(answer, /is no path here|is no name of an object|no object|"entries":\[\]/)
  const still = await ann.fetch(`/storage/v1/object/notes/${ann.id}/top.txt`)
  assert.equal(await still.text(), 'above the folder')
})

test('an agent whose caller has no right to files is not begun', async () => {
  const narrow = await house.user({ scopes: ['agents'] })
  await assert.rejects(told(narrow, ['files_list', {}]), { code: 'forbidden' })
})
