import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createActs } from './acts.ts'
import { createChanges } from './changes.ts'
import { compileRules } from './rule.ts'

const rules = compileRules([{ type: 'pii', on: ['output'], action: 'mask' }])

function masked(...pieces: string[]): string {
  const acts = createActs(() => {})
  const changes = createChanges(rules, 'output', acts)
  return pieces.map(piece => changes.push(piece)).join('') + changes.end()
}

test('personal data of each kind is masked, with what stands around it left as it was', () => {
  for (const [text, wanted] of [
    ['Write to ann.o-neil+x@mail.example.co.uk.', 'Write to [email].'],
    ["'jörg@bücher.example'", "'[email]'"],
    ['Card 4111 1111 1111 1111, 12/27', 'Card [card], 12/27'],
    ['4111-1111-1111-1111 123', '[card] 123'],
    ['Visa4111111111111111', 'Visa[card]'],
    ['1234 5500005555555559', '1234 [card]'],
    ['4111\u200b1111\u00a01111\u20111111', '[card]'],
    ['4111\u0000111111111111', '[card]'],
    ['378282246310005', '[card]'],
    ['3782 822463 10005', '[card]'],
    ['4111.1111.1111.1111', '[card]'],
    ['4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', '[card]'],
    ['DE89 3704 0044 0532 0130 00 BIC COBADEFF', '[iban] BIC COBADEFF'],
    ['AB12 GB82WEST12345698765432.', 'AB12 [iban].'],
    ['SSN 078-05-1120', 'SSN [ssn]'],
    ['at 192.168.0.254:8080', 'at [ip]:8080'],
    ['at 2001:db8::8a2e:370:7334 or ::1', 'at [ip] or [ip]'],
    ['call +49 (30) 1234-5678 now', 'call [phone] now'],
    ['(212) 555-0143 or 212-555-0143', '[phone] or [phone]'],
    ['030 / 123 45 67', '[phone]'],
  ] as const)
    assert.equal(masked(text), wanted)
})

test('what only looks like personal data stays', () => {
  for (const text of [
    '{"v":[[3.2847996295953474,4.550570145529291]]}',
    '60993.16796875',
    '300605 878227 349538 810330',
    '4111 1111 1111 1112',
    'order 123456789012345678901234567890',
    'DE88 1704 1144 1532 1130 12',
    '000-12-3456 and 666-12-3456',
    'version 1.2.3, at 12:30:45, on 2026-11-22, std::vector and a::b',
    '300.1.1.1',
    'It costs 1,250.00 for 12 to 15 pieces of 3.14159265358979.',
  ])
    assert.equal(masked(text), text)
})

const cards = ['4111 1111 1111 1111', '5500-0055-5555-5559', '340000000000009', '6011000990139424']
const prose = fc.string({
  unit: fc.constantFrom('a', 'é', '.', ' ', '\n', '@', '-', '+', '😀'),
  maxLength: 12,
})

test('however an answer is cut, readers see what masking the whole gives, and never a part of a card', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(prose, fc.constantFrom(...cards, 'ann@example.com', 'DE89370400440532013000')), {
        maxLength: 4,
      }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (parts, sizes) => {
        const whole = parts.map(([words, secret]) => `${words} ${secret} `).join('')
        const acts = createActs(() => {})
        const changes = createChanges(rules, 'output', acts)
        const seen: string[] = []
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1
          seen.push(changes.push(whole.slice(at, at + size)))
          assert.doesNotMatch(seen.join(''), /\d{4}/)
          at += size
        }
        seen.push(changes.end())
        assert.equal(seen.join(''), masked(whole))
        assert.doesNotMatch(seen.join(''), /\d{4}/)
      },
    ),
    { numRuns: 500 },
  )
})
