import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import { sql } from 'kysely'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { httpServer } from '../src/testing/http-server.ts'
import { printedLog } from '../src/testing/kept-log.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'

const file = { after }
const key = `Bearer ${randomBytes(16).toString('hex')}`
const seen: { path: string; headers: IncomingHttpHeaders }[] = []
const paths = {
  '/contacts/{id}': {
    get: {
      operationId: 'contact',
      summary: 'One contact',
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    },
  },
}
const crm = await httpServer(file, (request, response) => {
  seen.push({ path: request.url ?? '', headers: request.headers })
  response.setHeader('content-type', 'application/json')
  if (request.url === '/moved') return response.writeHead(302, { location: closed.url }).end()
  if (request.url === '/openapi.json')
    return response.end(
      JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'CRM', version: '1' },
        servers: [{ url: '/v1' }],
        paths,
      }),
    )
  response.end(JSON.stringify({ contact: 'Ada', you_sent: request.headers }))
})
const closed = await httpServer(file, (request, response) => {
  seen.push({ path: `closed ${request.url}`, headers: request.headers })
  response.end('inner')
})
const upstream = await llmUpstream(file, obey)
const { log, lines } = printedLog()
const house = await testHouse(
  file,
  { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'test', OUTBOUND_ALLOW: new URL(crm.url).host },
  { log },
)
const [admin, ann] = [await house.user({ role: 'admin' }), await house.user()]
const clientOf = (user: TestUser) => createClient({ baseUrl: house.url, token: user.key, maxRetries: 0 })

test('an API is imported, given to an agent with a secret by an administrator, and called for a member who never sees it', async () => {
  const { tools, agents, admin: administration } = clientOf(admin)
  await administration.secrets.put('CRM_KEY', key, { hosts: [new URL(crm.url).host] })
  const { title, operations } = await tools.importOpenApi({ url: `${crm.url}/openapi.json` })
  assert.deepEqual([title, operations.map(({ tool }) => tool.url)], ['CRM', [`${crm.url}/v1/contacts/{id}`]])
  const withSecret = operations.map(({ tool }) => ({
    ...tool,
    headers: { authorization: { secret: 'CRM_KEY' } },
  }))
  const draft = {
    name: 'Desk',
    provider: 'default',
    model: 'any',
    visibility: 'users',
    tools: withSecret,
  } as const
  await assert.rejects(clientOf(ann).agents.create(draft), { code: 'forbidden', message: /sends a secret/ })
  const { id } = await agents.create(draft)
  await agents.publish(id)

  seen.length = 0
  const { runs } = clientOf(ann)
  const run = await runs.start(id, {
    messages: [
      { role: 'user', content: order('contact', '{"id":"a/../b"}') + order('contact', '{"id":"7"}') },
    ],
  })
  const told: string[] = []
  const events: string[] = []
  for await (const { event } of runs.follow(run.id)) {
    events.push(JSON.stringify(event))
    if (event.type === 'tool-result') told.push(event.content)
  }
  assert.equal(told.length, 2)
  assert.ok(told.some(text => /may not be empty nor hold/.test(text)))
  const answer = told.find(text => text.startsWith('200 application/json')) ?? ''
  assert.match(answer, /"contact":"Ada".*"authorization":"\*\*\*"/)
  assert.deepEqual(
    seen.map(({ path, headers }) => [path, headers.authorization]),
    [['/v1/contacts/7', key]],
  )

  const { rows } = await sql<{ row: string }>`
    select t::text as row from runs t union all select t::text from run_events t
    union all select t::text from audit_entries t`.execute(house.ground.database.system)
  const everywhere = [...events, ...lines, ...rows.map(({ row }) => row), JSON.stringify(upstream.requests)]
  assert.ok(everywhere.some(text => text.includes('CRM_KEY')))
  const [, word = ''] = key.split(' ')
  assert.deepEqual(
    everywhere.filter(text => text.includes(word)),
    [],
  )
})

test('a document is fetched from where one may go alone, and what is wrong with it is said', async () => {
  const { tools } = clientOf(ann)
  seen.length = 0
  for (const url of [closed.url, `https://127.0.0.1/`, `${crm.url}/moved`, 'https://x.railway.internal/'])
    await assert.rejects(tools.importOpenApi({ url }), { code: 'address-refused', status: 403 }, url)
  await assert.rejects(tools.importOpenApi({ url: `${crm.url}/v1` }), {
    code: 'invalid-request',
    message: /OpenAPI 3/,
  })
  assert.deepEqual(
    seen.map(({ path }) => path),
    ['/moved', '/v1'],
  )
  const document = JSON.stringify({ openapi: '3.1.0', paths })
  const { operations } = await tools.importOpenApi({ document, base_url: 'https://crm.example.com/v1' })
  assert.equal(operations[0]?.tool.url, 'https://crm.example.com/v1/contacts/{id}')
  await assert.rejects(tools.importOpenApi({ document, url: crm.url }), { code: 'invalid-request' })
  await assert.rejects(tools.importOpenApi({}), {
    code: 'invalid-request',
    message: /either url or document/,
  })
})
