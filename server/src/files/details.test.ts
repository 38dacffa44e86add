import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMetadata } from './details.ts'
import { checkContentType } from './media-types.ts'

const nested = (levels: number): Record<string, unknown> => (levels === 1 ? {} : { a: nested(levels - 1) })

test('metadata is refused when the database could not store it, and kept when it only looks so', () => {
  const veryDeep: Record<string, unknown> = JSON.parse(`${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`)
  for (const metadata of [{ a: '\0' }, { 'a\0': 1 }, { a: [{ b: '\ud800' }] }, nested(101), veryDeep])
    assert.throws(() => checkMetadata(metadata), { code: 'invalid-request' })
  assert.throws(() => checkMetadata({ a: 'x'.repeat(1024 * 1024) }), { code: 'payload-too-large' })
  for (const metadata of [null, undefined, {}, nested(100), { a: '\\u0000', b: '😀', c: [1, null, true] }])
    checkMetadata(metadata)
})

test('a media type is one line that can be sent back as a header', () => {
  const bucket = { id: 'b', allowed_mime_types: null }
  for (const type of ['text/plain\n', 'text/plain\r\nx: y', 'text/plain\u2028', 'text/plain;\0', 'text', ''])
    assert.throws(
      () => checkContentType(type, bucket),
      { code: 'unsupported-media-type' },
      JSON.stringify(type),
    )
  for (const type of ['text/plain', 'text/plain ;charset=utf-8', 'image/svg+xml', 'text/plain\t'])
    checkContentType(type, bucket)
})
