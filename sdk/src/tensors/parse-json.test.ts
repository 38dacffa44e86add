import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isProblem } from '../contract/problem.ts'
import { parseJson } from './parse-json.ts'

const parse = (text: string, exactIntegers = false): unknown =>
  parseJson(new TextEncoder().encode(text), { exactIntegers })

test('reads any JSON as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), fc.boolean(), (text, exactIntegers) => {
      const asNumber = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
      assert.equal(JSON.stringify(parse(text, exactIntegers), asNumber), JSON.stringify(JSON.parse(text)))
    }),
  )
})

test('keeps every digit of long integers, when asked to', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })), integers => {
      const read = parse(`{"data":[${integers.join(', ')}]}`, true)
      const expected = integers.map(integer =>
        Number.isSafeInteger(Number(integer)) ? Number(integer) : integer,
      )
      assert.deepEqual(read, { data: expected })
    }),
  )
  assert.deepEqual(parse('[9007199254740993]'), [2 ** 53])
})

test('leaves fractions, exponents and digits in strings alone while it keeps long integers', () => {
  const text = '[9007199254740993,0.12345678901234567,1e300,12345678901234567.5,"12345678901234567"]'
  assert.deepEqual(parse(text, true), [
    9007199254740993n,
    Number('0.12345678901234567'),
    1e300,
    Number('12345678901234567.5'),
    '12345678901234567',
  ])
})

test('names the position of a syntax error', () => {
  const cases: [string, RegExp][] = [
    ['', /body is empty/],
    [' \n', /body is empty/],
    ['{"a":1', /ends too early, at position 6/],
    ['{"a" 1}', /unexpected "1" at position 5 \(line 1, column 6\)/],
    ['{"a":1,}', /unexpected "}" at position 7/],
    ['[1,]', /unexpected "]" at position 3/],
    ['[1\n2]', /unexpected "2" at position 3 \(line 2, column 1\)/],
    ['[1]]', /unexpected "]" at position 3/],
    ['[1}', /unexpected "}" at position 2/],
    ['[01]', /unexpected "1" at position 2/],
    ["{'a':1}", /unexpected "'" at position 1/],
    ['["\\x"]', /unexpected "\\\\" at position 2/],
    ['["a\tb"]', /unexpected "\\t" at position 3/],
    ['["abc', /ends too early, at position 5/],
  ]
  for (const [text, message] of cases) {
    assert.throws(() => parse(text), { code: 'invalid-json', message }, text)
  }
})

test('tells how to write NaN and Infinity', () => {
  for (const text of ['{"data":[1,NaN]}', '[Infinity]', '[-Infinity]', '[nan]']) {
    assert.throws(
      () => parse(text),
      { code: 'invalid-json', message: /"NaN", "Infinity", "-Infinity"/ },
      text,
    )
  }
})

test('finds the error in every text that JSON.parse refuses', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '1',
    '-',
    '.5',
    'e3',
    'true',
    'nul',
    ' ',
    '\\',
    'é',
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join('')),
    fc.string(),
  )
  fc.assert(
    fc.property(text, candidate => {
      let valid = true
      try {
        JSON.parse(candidate)
      } catch {
        valid = false
      }
      if (valid) assert.doesNotThrow(() => parse(candidate))
      else assert.throws(() => parse(candidate), { code: 'invalid-json' })
    }),
    { numRuns: 2000 },
  )
})

test('refuses JSON that is nested too deeply, before anything recurses', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
  assert.doesNotThrow(() => parse(nested(64), true))
  for (const text of [nested(65), nested(300_000), '['.repeat(1_000_000), '{"a":'.repeat(100_000)]) {
    assert.throws(() => parse(text, true), { code: 'invalid-json', message: /deeper than 64 levels/ })
  }
  assert.equal(parse(JSON.stringify('\\"'.repeat(99) + '['.repeat(99))), '\\"'.repeat(99) + '['.repeat(99))
})

test('refuses bytes that are not UTF-8', () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0xfe, 0xff, 0x00, 0x31],
  ]) {
    assert.throws(() => parseJson(Uint8Array.from(bytes), { exactIntegers: false }), {
      code: 'invalid-json',
      message: /not valid UTF-8/,
    })
  }
})

test('a __proto__ key changes no prototype', () => {
  for (const exactIntegers of [false, true]) {
    const read = parse('{"__proto__":{"polluted":1},"n":12345678901234567890}', exactIntegers)
    assert.ok(typeof read === 'object' && read !== null)
    assert.equal(Object.getPrototypeOf(read), Object.prototype)
    assert.ok(!('polluted' in read))
  }
})

test('random bytes give JSON or a Problem', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, exactIntegers) => {
      try {
        parseJson(bytes, { exactIntegers })
      } catch (error) {
        assert.ok(isProblem(error), String(error))
      }
    }),
  )
})
