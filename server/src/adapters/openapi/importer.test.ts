import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ApiDocument } from '../../ports/api-importer.ts'
import { importDocument } from './import-document.ts'
import { createApiImporter } from './importer.ts'
import { readDocument } from './read-document.ts'

const importer = createApiImporter()
const { signal } = new AbortController()
const inThread = (content: string, choice: Omit<ApiDocument, 'content'> = {}) =>
  importer.import({ content, ...choice }, signal)
const read = async (content: unknown, choice: Omit<ApiDocument, 'content'> = {}) =>
  importDocument(typeof content === 'string' ? readDocument(content) : content, choice)

/** As tools write it that make 3.0 of classes. */
const crm = {
  openapi: '3.0.3',
  info: { title: 'Broker CRM', version: '2.4.0' },
  servers: [
    {
      url: 'https://{region}.crm.example.com/{version}/',
      variables: { region: { default: 'eu', enum: ['eu', 'us'] }, version: { default: 'v2' } },
    },
  ],
  paths: {
    '/contacts': {
      get: {
        operationId: 'Contacts.list',
        summary: 'List contacts',
        description: 'Newest first.',
        parameters: [
          { $ref: '#/components/parameters/Page' },
          { name: 'tag', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
          { name: 'X-Tenant', in: 'header', required: true, schema: { type: 'string' } },
          { name: 'Authorization', in: 'header', schema: { type: 'string' } },
          { name: 'theme', in: 'cookie', schema: { type: 'string' } },
        ],
      },
      post: {
        operationId: 'Contacts.create',
        summary: 'Add a contact',
        requestBody: {
          required: true,
          content: {
            'application/json; charset=utf-8': { schema: { $ref: '#/components/schemas/NewContact' } },
          },
        },
      },
    },
    '/contacts/{contact-id}': {
      parameters: [
        { name: 'contact-id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
      ],
      get: { summary: 'One contact' },
      patch: {
        operationId: 'Contacts.update',
        requestBody: {
          content: { 'application/merge-patch+json': { schema: { $ref: '#/components/schemas/Contact' } } },
        },
      },
      head: { summary: 'Is no tool' },
    },
    '/contacts/{contact-id}/photo': {
      put: {
        operationId: 'Photo.put',
        requestBody: { required: true, content: { 'image/png': {} } },
      },
    },
    '/session': {
      get: {
        operationId: 'Session.get',
        parameters: [{ name: 'sid', in: 'cookie', required: true, schema: { type: 'string' } }],
      },
    },
  },
  components: {
    parameters: {
      Page: {
        name: 'page',
        in: 'query',
        description: 'From 1.',
        schema: { type: 'integer', minimum: 0, exclusiveMinimum: true, default: 1 },
      },
    },
    schemas: {
      Contact: {
        type: 'object',
        required: ['name', 'id', 'gone'],
        properties: {
          id: { type: 'string', readOnly: true },
          name: { type: 'string', maxLength: 200, example: 'Ada' },
          phone: { type: 'string', nullable: true, pattern: '^\\+?[0-9 ]+$' },
          kind: { type: 'string', enum: ['buyer', 'seller'], nullable: true },
          code: { type: 'string', pattern: '(?P<broken>x' },
          referrer: { $ref: '#/components/schemas/Contact' },
        },
      },
      NewContact: {
        allOf: [
          { $ref: '#/components/schemas/Contact' },
          { type: 'object', properties: { note: { type: 'string' } }, required: ['note'] },
        ],
      },
    },
  },
}

/** As people write 3.1. */
const weather = `
openapi: 3.1.0
info: { title: Weather, version: "1" }
servers:
  - url: /api
paths:
  /forecast/{place}:
    get:
      summary: The weather to come
      parameters:
        - &days
          name: days
          in: query
          schema: { type: [integer, "null"], minimum: 1, maximum: 14 }
        - name: filter[unit]
          in: query
          schema: { const: celsius }
  /alerts:
    servers: [{ url: "https://alerts.example.com" }]
    post:
      operationId: subscribe
      requestBody:
        required: true
        content:
          application/json:
            schema:
              oneOf:
                - { type: object, properties: { mail: { type: string } } }
                - { type: object, properties: { phone: { type: string } } }
  /history:
    post:
      operationId: history
      parameters: [*days]
      requestBody:
        content:
          application/json:
            schema: { type: array, items: { type: string } }
`

test('an API of 3.0 becomes tools: parameters, body and server, each where it belongs', async () => {
  const { title, version, operations, skipped } = await read(crm)
  assert.deepEqual([title, version], ['Broker CRM', '2.4.0'])
  const base = { type: 'http', url: 'https://eu.crm.example.com/v2/contacts' }
  const contact = {
    name: { type: 'string', maxLength: 200 },
    phone: { type: ['string', 'null'], pattern: '^\\+?[0-9 ]+$' },
    kind: { type: ['string', 'null'], enum: ['buyer', 'seller', null] },
    code: { type: 'string' },
  }
  const [list, create, one, update] = operations.map(({ tool }) => tool)
  assert.deepEqual(operations[0], {
    id: 'Contacts.list',
    method: 'GET',
    path: '/contacts',
    summary: 'List contacts',
    tool: {
      ...base,
      name: 'Contacts_list',
      description: 'List contacts\nNewest first.',
      method: 'GET',
      query: ['page', 'tag'],
      header: ['X-Tenant'],
      parameters: {
        type: 'object',
        properties: {
          page: { type: 'integer', description: 'From 1.', default: 1, exclusiveMinimum: 0 },
          tag: { type: 'array', items: { type: 'string' } },
          'X-Tenant': { type: 'string' },
        },
        required: ['X-Tenant'],
        additionalProperties: false,
      },
    },
  })
  assert.ok(list && create && one && update)
  assert.deepEqual(create.body, ['name', 'phone', 'kind', 'code', 'referrer', 'note'])
  const { properties, required } = create.parameters ?? {}
  assert.deepEqual(required, ['name', 'note'])
  // A contact was referred by a contact, and so on: where the circle closes anything may stand.
  assert.deepEqual(properties, {
    ...contact,
    referrer: { type: 'object' },
    note: { type: 'string' },
  })
  assert.deepEqual(
    [one.name, one.url, one.parameters?.required],
    ['GET_contacts_contact-id', `${base.url}/{contact-id}`, ['contact-id']],
  )
  assert.deepEqual([update.method, update.parameters?.required], ['PATCH', ['contact-id']])
  assert.deepEqual(skipped, [
    {
      id: 'Photo.put',
      method: 'PUT',
      path: '/contacts/{contact-id}/photo',
      reason: 'Its body is image/png, not JSON.',
    },
    { id: 'Session.get', method: 'GET', path: '/session', reason: 'It needs the cookie sid.' },
  ])
})

test('YAML of 3.1 is read too; a relative server is beside the document', async () => {
  const { operations, skipped } = await inThread(weather, {
    url: 'https://weather.example.com/docs/openapi.yaml',
  })
  assert.deepEqual(skipped, [])
  const [forecast, subscribe, history] = operations.map(({ tool }) => tool)
  assert.deepEqual(
    [forecast?.url, subscribe?.url, history?.url],
    [
      'https://weather.example.com/api/forecast/{place}',
      'https://alerts.example.com/alerts',
      'https://weather.example.com/api/history',
    ],
  )
  assert.deepEqual(forecast?.parameters?.properties, {
    days: { type: ['integer', 'null'], minimum: 1, maximum: 14 },
    'filter[unit]': { const: 'celsius' },
    place: { type: 'string' },
  })
  assert.deepEqual([subscribe?.body, subscribe?.parameters?.required], ['all', ['body']])
  assert.deepEqual([history?.body, history?.parameters?.required], ['all', undefined])
})

test('only the operations that are wanted are made, by id or by path, and for the server that is wanted', async () => {
  const { operations } = await read(crm, {
    operations: ['GET /contacts/{contact-id}', 'Contacts.create'],
    baseUrl: 'http://localhost:8080/crm/',
  })
  assert.deepEqual(
    operations.map(({ tool }) => tool.url),
    ['http://localhost:8080/crm/contacts', 'http://localhost:8080/crm/contacts/{contact-id}'],
  )
  await assert.rejects(read(crm, { operations: ['Contacts.delete'] }), {
    code: 'invalid-request',
    message: /no Contacts\.delete/,
  })
})

test('the API of this server can be imported', async () => {
  const text = readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8')
  const { operations, skipped } = await inThread(text, { baseUrl: 'https://roundhouse.example.com' })
  assert.ok(operations.length > 100)
  assert.ok(
    skipped.every(({ reason }) => /not JSON/.test(reason)),
    JSON.stringify(skipped),
  )
  assert.equal(new Set(operations.map(({ tool }) => tool.name)).size, operations.length)
})

test('what is no description of an API, or too much of one, is refused with what is wrong', async () => {
  const paths = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`/p${index}`, { get: {} }]))
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 12; level += 1)
    bomb.push(`b${level}: &b${level} [${Array(9).fill(level === 1 ? '*a' : `*b${level - 1}`)}]`)
  for (const [content, why] of [
    ['[]', /not an object/],
    ['{"openapi": ', /neither JSON nor YAML/],
    [bomb.join('\n'), /neither JSON nor YAML/],
    ['a: [', /neither JSON nor YAML/],
    ['['.repeat(20_000), /neither JSON nor YAML/],
    [{ swagger: '2.0' }, /not OpenAPI 3/],
    [{ openapi: '4.0.0' }, /openapi is "4\.0\.0"/],
    [{ openapi: '3.1.0', paths }, /501 operations, of which 500/],
    [{ openapi: '3.1.0', paths: { '/a': { get: {} } } }, /Send base_url/],
  ] as const)
    await assert.rejects(read(content), { code: 'invalid-request', message: why }, String(why))
  const large = inThread(' '.repeat(5 * 1024 * 1024 + 1))
  await assert.rejects(large, { code: 'invalid-request', message: /larger than/ })
  await assert.rejects(inThread('a: ['), { code: 'invalid-request', message: /neither JSON nor YAML/ })
  await assert.rejects(importer.import({ content: weather }, AbortSignal.abort(new Error('gone'))), /gone/)
})

test('a form that refers to itself again and again ends up small', async () => {
  const schemas = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => {
      const next = { $ref: `#/components/schemas/S${index + 1}` }
      return [
        `S${index}`,
        { type: 'object', properties: Object.fromEntries([...'abcdef'].map(name => [name, next])) },
      ]
    }),
  )
  const loop = { $ref: '#/components/schemas/Loop' }
  const schema = (name: string) => ({
    requestBody: { content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } },
  })
  const { operations, skipped } = await read(
    {
      openapi: '3.1.0',
      paths: {
        '/wide': { post: schema('S0') },
        '/loop': { post: schema('Loop') },
        '/none': { post: schema('None') },
        '/far': { post: { requestBody: { $ref: 'https://evil.example.com/body.json' } } },
        '/proto': { post: schema('__proto__/constructor') },
      },
      components: { schemas: { ...schemas, Loop: loop } },
    },
    { baseUrl: 'https://api.example.com' },
  )
  assert.deepEqual(skipped, [])
  for (const { tool } of operations) assert.ok(JSON.stringify(tool.parameters).length <= 8192, tool.name)
  assert.equal(operations.length, 5)
})
