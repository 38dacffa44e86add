import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSampleRows } from './sample-rows.ts'

test('the sample batch has as many rows as asked for, of 64 pixels with ink, the same each time', async () => {
  const text = await makeSampleRows(4000).text()
  const [names = '', ...lines] = text.trimEnd().split('\n')
  assert.match(names, /^pixels\[0\],.*,pixels\[63\]$/)
  assert.equal(lines.length, 4000)
  for (const line of lines) {
    const pixels = line.split(',').map(Number)
    assert.equal(pixels.length, 64)
    assert.ok(pixels.every(pixel => pixel >= 0 && pixel <= 16) && pixels.some(pixel => pixel > 0), line)
  }
  assert.equal(await makeSampleRows(4000).text(), text)
})
