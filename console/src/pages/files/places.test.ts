import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileEntry } from '@roundhouse/sdk'
import { namesWithin, previewOf, removeAll, supabaseSnippet, waysTo } from './places.ts'

const entry = (name: string, id: string | null): FileEntry => ({
  name,
  id,
  created_at: null,
  updated_at: null,
  metadata: null,
})

test('a folder stands for everything in it, and what is removed goes a thousand at a time', async () => {
  const files = {
    async *iterate(prefix: string) {
      yield* [entry(`${prefix}1.png`, 'a'), entry(`${prefix}deep/2.png`, 'b')]
    },
  }
  assert.deepEqual(await namesWithin(files, 'trips', [entry('alps', null), entry('map.png', 'c')]), [
    'trips/alps/1.png',
    'trips/alps/deep/2.png',
    'trips/map.png',
  ])
  const pieces: number[] = []
  const remove = async (names: readonly string[]) => {
    pieces.push(names.length)
    return names.slice(1)
  }
  const names = Array.from({ length: 2300 }, (_, index) => String(index))
  assert.equal(await removeAll({ remove }, names), 2297)
  assert.deepEqual(pieces, [1000, 1000, 300])
})

test('what can be shown is known by its type and size, whatever its name', () => {
  assert.deepEqual(
    [
      previewOf('image/png', 100),
      previewOf('image/png', 1e9),
      previewOf('text/plain; charset=utf-8', 1e9),
      previewOf('application/problem+json', 9),
      previewOf('application/pdf', 9),
      previewOf('application/zip', 9),
    ],
    ['image', 'none', 'text', 'text', 'pdf', 'none'],
  )
})

test('the way to a folder has each folder on it, and the snippet names the place where one is', () => {
  assert.deepEqual(waysTo('a/b'), [
    { label: 'a', folder: 'a' },
    { label: 'b', folder: 'a/b' },
  ])
  assert.deepEqual(waysTo(''), [])
  assert.match(
    supabaseSnippet('http://localhost', 'photos', 'a/b'),
    /from\("photos"\)[\s\S]*"a\/b\/notes\.txt"/,
  )
})
