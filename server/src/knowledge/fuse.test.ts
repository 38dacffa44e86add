import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hit } from './collection.ts'
import { fuse } from './fuse.ts'

const hit = (document_id: string, score: number): Hit => ({ document_id, generation: 'g', ordinal: 0, score })

test('what stands well in both lists comes before what leads one, whatever the scores are', () => {
  const near = [hit('a', 0.99), hit('b', 0.98), hit('c', 0.1)]
  const words = [hit('d', 9), hit('b', 8)]
  assert.deepEqual(
    fuse([near, words], 3).map(({ document_id }) => document_id),
    ['b', 'a', 'd'],
  )
  assert.equal(fuse([near, words], 10).length, 4)
})
