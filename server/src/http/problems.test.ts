import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Problem,
  type ProblemCode,
  problemBody as problemBodySchema,
  problemCodes,
} from '@roundhouse/sdk/contract'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { problemBody, problemStatus, surfaceOf, toProblem } from './problems.ts'

const withCode = (code: string, message = 'inner detail') => Object.assign(new Error(message), { code })

test('every refusal of the layers below becomes one of our codes', () => {
  const expected: [unknown, ProblemCode][] = [
    [withCode('FST_ERR_CTP_BODY_TOO_LARGE'), 'payload-too-large'],
    [withCode('FST_ERR_CTP_INVALID_MEDIA_TYPE'), 'unsupported-media-type'],
    [withCode('FST_ERR_CTP_EMPTY_JSON_BODY'), 'invalid-json'],
    [withCode('FST_ERR_CTP_INVALID_JSON_BODY'), 'invalid-json'],
    [withCode('FST_ERR_CTP_INVALID_CONTENT_LENGTH'), 'invalid-request'],
    [withCode('FST_ERR_BAD_URL'), 'invalid-request'],
    [withCode('FST_ERR_MAX_PARAM_LENGTH'), 'not-found'],
    [withCode('FST_ERR_HANDLER_TIMEOUT'), 'request-timeout'],
    [withCode('FST_INVALID_MULTIPART_CONTENT_TYPE'), 'unsupported-media-type'],
    [withCode('FST_PARTS_LIMIT'), 'invalid-request'],
    [withCode('FST_FILES_LIMIT'), 'invalid-request'],
    [withCode('FST_FIELDS_LIMIT'), 'invalid-request'],
    [withCode('FST_PROTO_VIOLATION'), 'invalid-request'],
    [withCode('ENOSPC'), 'storage-full'],
    [withCode('EDQUOT'), 'storage-full'],
    [withCode('ECONNRESET'), 'client-closed'],
    [withCode('ERR_STREAM_PREMATURE_CLOSE'), 'client-closed'],
    [Object.assign(new SyntaxError('Unexpected token'), { statusCode: 400 }), 'invalid-json'],
    [new Error('Unexpected end of multipart data'), 'invalid-request'],
    [new Error('Part terminated early due to unexpected end of multipart data'), 'invalid-request'],
    [new Error('Multipart: Boundary not found'), 'invalid-request'],
    [z.object({ a: z.number() }).safeParse({ a: 'x' }).error, 'invalid-request'],
    [new Error('a bug'), 'internal'],
    [new SyntaxError('a bug of ours'), 'internal'],
    [withCode('23505'), 'internal'],
    ['thrown text', 'internal'],
    [null, 'internal'],
    [undefined, 'internal'],
  ]
  for (const [error, code] of expected) {
    const problem = toProblem(error)
    assert.equal(problem.code, code, String(error))
    assert.doesNotMatch(problem.message, /inner detail/)
    if (problem.retryable) assert.ok((problem.retryAfterSeconds ?? 0) >= 1, `${code} says when to try again`)
  }
})

test('a problem of our own stays itself, with its time to come back', () => {
  const problem = new Problem('model-overloaded', 'Full.', { retryAfterSeconds: 7 })
  assert.equal(toProblem(problem), problem)
})

test('an error that nobody foresaw tells the caller nothing of our insides', () => {
  const error = Object.assign(new Error('select secret from /etc/passwd at 10.0.0.7'), { statusCode: 400 })
  const problem = toProblem(error)
  assert.equal(problem.cause, error)
  for (const surface of ['inference', 'roundhouse'] as const)
    assert.doesNotMatch(JSON.stringify(problemBody(problem, surface, 'r')), /secret|passwd|10\.0|select/)
})

test('a refusal has the form of the surface it is on, for every code', () => {
  for (const code of Object.keys(problemCodes) as ProblemCode[]) {
    const problem = new Problem(code, 'What happened. What to do.')
    const body = problemBodySchema.strict().parse(problemBody(problem, 'roundhouse', 'request-1'))
    assert.deepEqual(body, {
      error: problemCodes[code].meaning,
      code,
      detail: 'What happened. What to do.',
      request_id: 'request-1',
    })
    assert.deepEqual(problemBody(problem, 'inference', 'request-1'), { error: 'What happened. What to do.' })
  }
})

test('the paths of the inference protocol are its surface, and no others', () => {
  for (const path of ['/v2', '/v2/', '/v2/models/a/infer']) assert.equal(surfaceOf(path), 'inference')
  for (const path of ['/', '/v2x', '/api/v2/models', '/api/v1/models'])
    assert.equal(surfaceOf(path), 'roundhouse')
})

test("OpenAI's clients and those of the agent backend before are refused in their own form, on their paths only", () => {
  for (const path of ['/v1', '/v1/models/a/b', '/v1/nothing']) assert.equal(surfaceOf(path), 'openai')
  assert.equal(surfaceOf('/api/agent/execute'), 'execute')
  assert.equal(surfaceOf('/api/agent/execute-validated'), 'execute-validated')
  for (const path of ['/v10', '/api/agent/health', '/api/v1/agents'])
    assert.equal(surfaceOf(path), 'roundhouse')

  const field = new Problem('invalid-request', 'messages.3.content: A text.')
  const { error } = problemBody(field, 'openai', 'id') as { error: Record<string, unknown> }
  assert.deepEqual(
    [error.type, error.param, error.code],
    ['invalid_request_error', 'messages[3].content', 'invalid-request'],
  )
  const away = new Problem('provider-timeout', 'It did not answer.')
  assert.equal(problemStatus(away, 'execute'), 500)
  assert.deepEqual(problemBody(away, 'execute', 'id'), {
    error: 'Agent execution failed',
    message: 'It did not answer.',
  })
  const tooMany = new Problem('rate-limited', 'Too many.')
  assert.deepEqual(
    [problemStatus(tooMany, 'execute'), problemBody(tooMany, 'execute', 'id')],
    [429, { error: 'Too many.' }],
  )
})

/** What Fastify, its body reader and the schemas really throw. */
async function openApp(scope: { after(callback: () => Promise<void>): void }): Promise<FastifyInstance> {
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = toProblem(error)
    reply
      .code(problem.status)
      .type('application/json')
      .serializer(JSON.stringify)
      .send(problemBody(problem, surfaceOf(request.url), request.id))
  }
  const app = Fastify({ bodyLimit: 100, routerOptions: { maxParamLength: 20 }, frameworkErrors: refuse })
  scope.after(() => app.close())
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(refuse)
  app.withTypeProvider<ZodTypeProvider>().post(
    '/things/:id',
    {
      schema: {
        params: z.object({ id: z.string() }),
        querystring: z.object({ limit: z.coerce.number().int().max(10).optional() }),
        body: z.strictObject({ name: z.string(), inner: z.object({ price: z.number() }).optional() }),
        response: { 200: z.object({ ok: z.boolean() }) },
      },
    },
    // The wrong form is a bug of ours, for the test below.
    async request => ({ ok: request.body.name === 'bug' ? ('no' as unknown as boolean) : true }),
  )
  return app
}

test('what a real server refuses is told with the field and our code', async t => {
  const app = await openApp(t)
  const send = async (payload: string, url = '/things/1', type = 'application/json') => {
    const reply = await app.inject({ method: 'POST', url, payload, headers: { 'content-type': type } })
    const { code, detail } = reply.json()
    return [reply.statusCode, code, detail]
  }
  assert.equal((await send('{"name":"a"}'))[0], 200)
  const cases: [string, string, string, number, ProblemCode, RegExp][] = [
    ['{"name":', '/things/1', 'application/json', 400, 'invalid-json', /not valid JSON/],
    ['', '/things/1', 'application/json', 400, 'invalid-json', /empty/],
    ['{"__proto__":{"x":1}}', '/things/1', 'application/json', 400, 'invalid-json', /not valid JSON/],
    ['{"name":1}', '/things/1', 'application/json', 400, 'invalid-request', /^name: .*string/],
    [
      '{"name":"a","inner":{"price":"x"}}',
      '/things/1',
      'application/json',
      400,
      'invalid-request',
      /^inner\.price: /,
    ],
    ['{"name":"a","more":1}', '/things/1', 'application/json', 400, 'invalid-request', /more/],
    ['{"name":"a"}', '/things/1?limit=11', 'application/json', 400, 'invalid-request', /^limit: /],
    [`{"name":"${'a'.repeat(200)}"}`, '/things/1', 'application/json', 413, 'payload-too-large', /larger/],
    [
      '{"name":"a"}',
      `/things/${'a'.repeat(21)}`,
      'application/json',
      404,
      'not-found',
      /longer than any name/,
    ],
    ['<a/>', '/things/1', 'application/xml', 415, 'unsupported-media-type', /application\/json/],
    ['{"name":"bug"}', '/things/1', 'application/json', 500, 'internal', /^Something went wrong on our side/],
  ]
  for (const [payload, url, type, status, code, detail] of cases) {
    const [actualStatus, actualCode, actualDetail] = await send(payload, url, type)
    assert.deepEqual([actualStatus, actualCode], [status, code], payload)
    assert.match(actualDetail, detail)
  }
})
