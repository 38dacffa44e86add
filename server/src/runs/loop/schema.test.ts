import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSchema, createCheck } from './schema.ts'

test('a value that does not fit is told what is wrong with it, and where', async () => {
  const check = await createCheck({
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
    required: ['name'],
  })
  assert.equal(check({ name: 'Ann', age: 3 }), null)
  assert.equal(check({ name: 'Ann', age: -3 }), 'answer/age must be >= 0')
  assert.equal(check({}), "answer must have required property 'name'")
})

test('what is no schema is refused with the reason', async () => {
  await assert.rejects(createCheck({ type: 'objekt' }), { code: 'invalid-request', message: /schema\/type/ })
  await assert.rejects(createCheck({ $ref: 'https://example.com/other' }), {
    code: 'invalid-request',
    message: /can't resolve reference/,
  })
})

test('a schema of an older draft is read too', async () => {
  const check = await createCheck({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' })
  assert.equal(check(3), 'answer must be string')
})

test('one schema does not see another, whatever they are called', async () => {
  await createCheck({
    $id: 'https://example.com/a',
    $defs: { b: { $id: 'https://example.com/b', type: 'string' } },
  })
  await createCheck({ $id: 'https://example.com/a', type: 'string' })
  await assert.rejects(createCheck({ $ref: 'https://example.com/b' }), { code: 'invalid-request' })
})

test('a check is left as a whole, however many matches and comparisons it takes', async () => {
  const patterns = await createCheck({ items: { pattern: '^(a+)+$' } })
  const unique = await createCheck({ uniqueItems: true })
  for (const [check, value] of [
    [patterns, Array.from({ length: 100 }, () => `${'a'.repeat(40)}!`)],
    [unique, Array.from({ length: 50_000 }, (_, n) => ({ n }))],
  ] as const) {
    const startedAt = performance.now()
    assert.equal(check(value), 'it could not be checked in time')
    // Far from 100 times as long, on the busiest machine.
    assert.ok(performance.now() - startedAt < 5000)
  }
  assert.equal(patterns(['aaa']), null)
})

test('a valid answer is taken on a machine that stands still while it is looked at', async () => {
  const check = await createCheck({ type: 'object', properties: { name: { type: 'string' } } })
  const still = new Int32Array(new SharedArrayBuffer(4))
  let looks = 0
  const value = {
    get name() {
      looks += 1
      // No time of the processor passes here, as where other work has it.
      if (looks === 1) Atomics.wait(still, 0, 0, 5000)
      return 'Ann'
    },
  }
  assert.equal(check(value), null)
  assert.ok(looks > 1)
})

test('a new schema that takes long to compile is refused, one of 200 fields is not', async () => {
  const listed = <Item>(count: number, item: (n: number) => Item) =>
    Array.from({ length: count }, (_, n) => item(n))
  await assertSchema({
    type: 'object',
    properties: Object.fromEntries(listed(200, n => [`field_${n}`, { type: 'string', minLength: 1 }])),
    required: listed(200, n => `field_${n}`),
  })
  await assert.rejects(assertSchema({ oneOf: listed(800, minLength => ({ type: 'string', minLength })) }), {
    code: 'invalid-request',
    message: /takes too long to compile/,
  })
})

test('what a schema refers to many times, or in a circle, does not grow without end', async () => {
  const fields = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`p${n}`, { type: 'string' }]))
  const a = { properties: fields }
  const b = { allOf: Array.from({ length: 90 }, () => ({ $ref: '#/$defs/a' })) }
  const check = await createCheck({
    $defs: { a, b },
    allOf: Array.from({ length: 240 }, () => ({ $ref: '#/$defs/b' })),
  })
  assert.equal(check({ p1: 'x' }), null)
  assert.equal(check({ p1: 3 }), 'answer/p1 must be string')
  await assert.rejects(createCheck({ $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }), {
    code: 'invalid-request',
  })
})

test('a harmless pattern is checked on thousands of texts', async () => {
  const check = await createCheck({ items: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' } })
  const dates = Array.from({ length: 10_000 }, () => '2026-11-21')
  assert.equal(check(dates), null)
  assert.match(check([...dates, 'soon']) ?? '', /^answer\/10000 must match pattern/)
})

test('a pattern that would match for years is left', async () => {
  const check = await createCheck({ type: 'string', pattern: '^(a+)+$' })
  assert.equal(check('aaa'), null)
  assert.equal(check(`${'a'.repeat(40)}!`), 'it could not be checked in time')
  assert.equal(check('b'), 'answer must match pattern "^(a+)+$"')
})
