import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PatternError } from './pattern-syntax.ts'
import { compilePattern } from './program.ts'
import { createScanner, createWork, TooMuchWork } from './scanner.ts'

/** Each match in angle brackets. */
function marked(pattern: string, pieces: readonly string[], ignoreCase = false): string {
  const scanner = createScanner(compilePattern(pattern, { ignoreCase }), { found: match => `<${match}>` })
  return pieces.map(piece => scanner.push(piece)).join('') + scanner.end()
}

test('what is searched for is found where JavaScript finds it', () => {
  for (const [pattern, text] of [
    ['b+', 'abbbcb'],
    ['\\bcat\\b', 'cat concat cat'],
    ['^a|z$', 'azaz'],
    ['[^\\s\\d]+', 'ab 12 c'],
    ['(?:ab){2,3}', 'abababab ab abab'],
    ['x{0,2}y', 'xxxy y xy'],
    ['\\u00e9\\x41\\t', '\u00e9A\t'],
    ['[\\w.-]+@[\\w-]+', 'to a.b-c@d-e, f@g'],
    ['(?<year>\\d{4})-\\d\\d', 'in 2026-11'],
    ['.', 'a\nb\u2028c'],
    ['\\Bo', 'o too'],
    ['{a}', '{a}'],
    ['[a\\]-]', 'a]-b'],
    ['😀', 'a😀b'],
    ['(?:|a)b', 'ab b'],
  ] as const)
    assert.equal(marked(pattern, [text]), text.replaceAll(new RegExp(pattern, 'g'), '<$&>'), pattern)
  assert.equal(marked('stra[ß]e', ['STRAßE Strasse'], true), '<STRAßE> Strasse')
  assert.equal(marked('[^a-z]', ['aBc1'], true), 'aBc<1>')
  assert.equal(marked('.{0,100}x', ['no '.repeat(2000)]).includes('<'), false)
})

test('of matches that begin together the longest counts, and nothing is no match', () => {
  assert.equal(marked('a|ab|abc', ['abcab']), '<abc><ab>')
  assert.equal(marked('a*?', ['baa']), 'b<aa>')
})

/** Patterns of few letters, so that they meet the texts. */
const { pattern } = fc.letrec<{ pattern: string; part: string }>(tie => ({
  part: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\b', '^', '$'),
    tie('pattern').map(inside => `(?:${inside})`),
  ),
  pattern: fc
    .array(fc.tuple(tie('part'), fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '|')), {
      minLength: 1,
      maxLength: 4,
    })
    .map(parts =>
      parts.map(([part, more]) => (/^[\\^$]/.test(part) && more !== '|' ? part : part + more)).join(''),
    ),
}))
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 24 })

test('a text is searched alike however it is cut, and what is found first is what JavaScript finds', () => {
  fc.assert(
    fc.property(pattern, text, fc.array(fc.nat(24), { maxLength: 6 }), (source, whole, cuts) => {
      const places = [0, ...cuts.filter(cut => cut < whole.length).sort((a, b) => a - b), whole.length]
      const pieces = places.slice(1).map((to, index) => whole.slice(places[index], to))
      const found = marked(source, [whole])
      assert.equal(marked(source, pieces), found)
      const first = [...whole.matchAll(new RegExp(source, 'g'))].find(([match]) => match !== '')
      const empty = [...whole.matchAll(new RegExp(source, 'g'))].some(([match]) => match === '')
      // Where JavaScript prefers to match nothing it looks no further.
      if (!empty) assert.equal(found.indexOf('<'), first ? first.index : -1)
    }),
    { numRuns: 500 },
  )
})

test('nothing is held back that cannot become part of a match', () => {
  const scanner = createScanner(compilePattern('secret-\\d+'), { found: () => '[x]' })
  assert.deepEqual(
    ['The sec', 'ond sec', 'ret', '-12', '3 is', ' '].map(piece => scanner.push(piece)),
    ['The ', 'second ', '', '', '[x] i', 's '],
  )
  assert.equal(scanner.end(), '')
})

test('half of a character is not told', () => {
  const scanner = createScanner(compilePattern('x'), { found: () => '' })
  assert.deepEqual(
    [scanner.push('a\ud83d'), scanner.push('\ude00'), scanner.end()],
    ['a', '\ud83d\ude00', ''],
  )
})

test('what can only be found by trying all ways is refused, or searched in linear time', () => {
  for (const source of [
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '(',
    ')',
    '[a',
    'a{3,2}',
    '*',
    'a**',
    '\\',
    '[b-a]',
    '(?i)a',
    '\\p{L}',
    '((){1000}){1000}',
    '(a{1000}){1000}',
    '('.repeat(100),
  ])
    assert.throws(() => compilePattern(source), PatternError, source)
  const before = performance.now()
  assert.equal(marked('(a+)+$', [`${'a'.repeat(90_000)}!`]).includes('<'), false)
  assert.equal(marked('(?:a|a|aa)*(?:a|aa)+b', ['a'.repeat(50_000)]).length, 50_000)
  assert.ok(performance.now() - before < 5000)
})

test('a search that begins again and again is given up, and so is one that holds back too much', () => {
  assert.throws(() => marked('a|a.*b', ['a'.repeat(20_000)]), TooMuchWork)
  assert.throws(() => marked('a[^!]*!', ['a', 'b'.repeat(200_000)]), TooMuchWork)
})

test('what is shared by many texts is no more work than what is allowed for one', () => {
  const work = createWork(10_000)
  const search = () =>
    createScanner(compilePattern('.{0,9}x'), { found: match => match, work }).push('a'.repeat(300))
  search()
  assert.throws(() => {
    search()
    search()
  }, TooMuchWork)
})
