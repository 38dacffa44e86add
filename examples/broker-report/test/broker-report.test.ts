import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { PDFiumLibrary } from '@hyzyla/pdfium'
import { createClient, type Run } from '@roundhouse/sdk'
import { defer } from '../../../server/src/testing/defer.ts'
import { llmUpstream } from '../../../server/src/testing/llm-upstream.ts'
import { temporaryFolder } from '../../../server/src/testing/temporary-folder.ts'
import { testDatabase } from '../../../server/src/testing/test-database.ts'
import { until } from '../../../server/src/testing/until.ts'
import { type Server, startServer } from '../../../server/test/server.ts'
import { nextMonths, pastMonths, townPrices } from '../market.ts'
import { brokerId, tokenOf } from '../token.ts'
import { trainForecaster } from '../train.ts'
import { brokerModel } from './broker-model.ts'

const scope = { after }
const folder = join(import.meta.dirname, '..')
const project = {
  url: 'https://broker.supabase.co',
  jwtSecret: 'a secret of the project, of more than 32 letters',
}
const upstream = await llmUpstream(scope, brokerModel)
const { adminUrl } = await testDatabase(scope)
const dataDir = await temporaryFolder(scope)
const env = {
  DATABASE_URL: adminUrl,
  SUPABASE_URL: project.url,
  SUPABASE_JWT_SECRET: project.jwtSecret,
  LLM_BASE_URL: upstream.url,
  LLM_API_KEY: 'test',
  AGENT_MODEL: 'default/model',
  SAMPLE_MODEL: 'false',
}
const start = () => startServer(scope, { env, dataDir, cwd: folder })
let server: Server = await start()
const clientOf = (userId: string) =>
  createClient({ baseUrl: server.url, token: tokenOf(project, userId), maxRetries: 0 })

/** Runs a script of the example as its reader would. */
async function script(name: string, more: Record<string, string>, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=roundhouse-source', join(folder, name), ...args],
    { env: { ...process.env, ROUNDHOUSE_URL: server.url, ...more } },
  )
  return stdout
}

test('the forecaster is trained: most months that it never saw lie in its intervals, close to what it said', () => {
  const { coverage, error } = trainForecaster()
  assert.ok(coverage > 0.85 && coverage < 0.95, `${coverage}`)
  assert.ok(error < 0.02, `${error}`)
})

test('the server is not ready without the model, fetches it from its bucket at start, and then is', async () => {
  const before = await server.call('GET', '/api/v1/ready')
  assert.equal(before.status, 503)
  assert.match(String(before.body.reasons), /price-forecast\.onnx/)
  const said = await script('seed.ts', { ROUNDHOUSE_KEY: server.key })
  assert.match(said, /^The model is in its bucket; 50 rows written for the broker /)
  await server.stop()
  server = await start()
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 200)
  assert.equal(server.log('model-fetch')[0]?.model, 'price-forecast@1')
})

/** The two runs of the conversation. */
let asked: Run | undefined
let made: Run | undefined
let link = ''

test('from the question to the signed PDF in one conversation, in the terminal', async () => {
  const output = await script(
    'chat.ts',
    { BROKER_TOKEN: tokenOf(project, brokerId) },
    'What will Seestrasse 4 be worth in half a year?',
    'Fine. Make the report.',
  )
  const { data } = await clientOf(brokerId).runs.list()
  ;[made, asked] = data
  assert.deepEqual([data.length, asked?.status, made?.status], [2, 'done', 'done'])
  assert.equal(asked?.thread_id, made?.thread_id)
  const [question, report] = output.trimEnd().split('\n')
  assert.equal(question, `[property] [price-forecast] ${asked?.output}`)
  assert.match(
    question ?? '',
    /Seestrasse 4 will be worth about EUR \d+,000 in \d{4}-\d\d, between EUR \d+,000 and/,
  )
  assert.equal(report, `[property] [price-forecast] [report] ${made?.output}`)
  link = /https?:\S+/.exec(report ?? '')?.[0] ?? ''
  const { pathname, search } = new URL(link)
  // The server listens on a port of its own choice here.
  link = `${server.url}${pathname}${search}`
  assert.match(pathname, new RegExp(`^/storage/v1/object/sign/reports/${brokerId}/[0-9a-f-]{36}\\.pdf$`))
})

test('the PDF has the numbers of the forecast and the broker’s logo, and opens without a credential', async () => {
  const reply = await fetch(link)
  assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/pdf'])
  const library = await PDFiumLibrary.init()
  defer(scope, async () => library.destroy())
  const document = await library.loadDocument(await reply.bytes())
  const pages = [...document.pages()]
  const text = pages.map(page => page.getText().replaceAll(/[\u200b\ufffe\p{Cc}]/gu, '')).join('\n')
  const { value, lower, upper } = await forecastOf('Seestrasse 4')
  assert.match(text, /Seestrasse 4: value in six months/)
  for (const number of [...value, ...lower, ...upper])
    assert.ok(text.includes(number), `${number} in ${text}`)
  const cover = await pages[0]?.render({ scale: 1, render: 'bitmap' })
  assert.ok(cover && pixelsOf(cover.data, [0xe0, 0xa0, 0x30]) > 100, 'the logo is on the cover')
  document.destroy()
})

test('no other broker reads the report, or hears of the listing', async () => {
  const other = clientOf(randomUUID())
  const { data: mine } = await clientOf(brokerId).reports.list()
  assert.deepEqual(
    mine.map(({ title }) => title),
    ['Seestrasse 4: value in six months'],
  )
  const [report] = mine
  await assert.rejects(other.reports.get(report?.id ?? ''), { code: 'resource-not-found' })
  await assert.rejects(other.files.from('reports').download(report?.object_name ?? ''), {
    code: 'object-not-found',
  })
  const { data: agents } = await other.agents.list()
  const { id } = await other.runs.start(agents.find(({ slug }) => slug === 'broker-desk')?.id ?? '', {
    messages: [{ role: 'user', content: 'What will Seestrasse 4 be worth?' }],
  })
  await until(async () => (await other.runs.get(id)).finished_at !== null, 'the run ends')
  assert.equal((await other.runs.get(id)).output, 'I found nothing: No rows.')
})

test('a link ends when it says', async () => {
  const client = clientOf(brokerId)
  const { data } = await client.reports.list()
  const { expires_at } = await client.reports.get(data[0]?.id ?? '')
  const minutes = (Date.parse(expires_at ?? '') - Date.now()) / 60_000
  assert.ok(minutes > 55 && minutes <= 60, `${minutes}`)
  const short = await client.files
    .from('reports')
    .signedUrl(data[0]?.object_name ?? '', { expiresInSeconds: 1 })
  const { pathname, search } = new URL(short, server.url)
  await until(
    async () => (await fetch(`${server.url}${pathname}${search}`)).status === 400,
    'the link has ended',
  )
  assert.equal((await fetch(link)).status, 200)
})

test('one request id tells of the model, the tools, the inference, the report and every credit', async () => {
  const client = clientOf(brokerId)
  assert.ok(made && asked)
  const { spans } = await client.runs.trace(made.id)
  assert.deepEqual(
    spans.map(({ kind, name }) => (kind === 'tool' ? name : kind)),
    ['run', 'llm', 'property', 'llm', 'price-forecast', 'llm', 'report', 'llm'],
  )
  const requestId = made.request_id
  const { data: entries } = await client.credits.entries.list()
  const paid = entries.filter(({ request_id }) => request_id === requestId)
  assert.deepEqual(paid.map(({ amount }) => -amount).sort(), [1, 2, 5], JSON.stringify(paid))
  const { data: models } = await client.models.list()
  const admin = createClient({ baseUrl: server.url, token: server.key })
  const predictions = await admin.models.predictions(models[0]?.id ?? '')
  const ids = predictions.data.map(({ request_id }) => request_id)
  assert.deepEqual([ids.includes(requestId ?? ''), ids.includes(asked.request_id ?? '')], [true, true])
  const events = server.log().filter(({ request_id }) => request_id === requestId)
  assert.ok(
    events.some(({ event }) => event === 'run-start') && events.some(({ event }) => event === 'run-end'),
  )
})

/** What the model says when it is asked directly, as the report prints it. */
async function forecastOf(address: string): Promise<Record<'value' | 'lower' | 'upper', string[]>> {
  assert.equal(address, 'Seestrasse 4')
  const values = townPrices(1000, pastMonths).map(price => Math.round(price) * 84)
  const { data } = await clientOf(brokerId).models.list()
  const { output_data } = await clientOf(brokerId).models.predict(data[0]?.id ?? '', { values: [values] })
  const printed = (name: string) => {
    const [row] = output_data[name] as number[][]
    assert.equal(row?.length, nextMonths)
    return (row ?? []).map(number => Math.round(number).toLocaleString('en-US'))
  }
  return { value: printed('value'), lower: printed('lower'), upper: printed('upper') }
}

/** How many are of the colour; each has bytes of red, green, blue and opacity. */
function pixelsOf(bytes: Uint8Array, [red, green, blue]: readonly [number, number, number]): number {
  let count = 0
  for (let at = 0; at < bytes.length; at += 4)
    if (bytes[at] === red && bytes[at + 1] === green && bytes[at + 2] === blue) count += 1
  return count
}
