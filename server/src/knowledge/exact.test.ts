import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EmbeddedDocument } from './chunks/store.ts'
import { createExactSearch } from './exact.ts'

const size = 1024
const signal = new AbortController().signal

/** Chunk `n` of a document lies in the direction `n`, and a little in the first. */
function embeddingOf(ordinal: number): Buffer {
  const vector = new Float32Array(size)
  vector[ordinal % size] = 1
  vector[0] = (vector[0] ?? 0) + ordinal / 10_000
  return Buffer.from(vector.buffer)
}

/** Documents in memory, and how many rows were read of them. */
function storeOf(chunks: Readonly<Record<string, number>>) {
  const read = { rows: 0 }
  const documents = Object.entries(chunks).map(
    ([id, count]): EmbeddedDocument => ({ id, generation: `of ${id}`, chunks: count, is_packed: true }),
  )
  const search = createExactSearch({
    store: {
      async vectors(wanted, { from, to }) {
        const rows = wanted.flatMap(({ id, chunks: count }) =>
          Array.from({ length: Math.max(0, Math.min(count, to + 1) - from) }, (_, n) => ({
            document_id: id,
            ordinal: from + n,
            embedding: embeddingOf(from + n),
          })),
        )
        read.rows += rows.length
        return rows
      },
    },
  })
  return { search, documents, read }
}

test('documents of any size are compared whole, and read once', async () => {
  const { search, documents, read } = storeOf({ small: 3, large: 2500, other: 700 })
  const query = new Float32Array(size)
  query[0] = 1
  const first = await search(documents, query, 4, signal)
  assert.deepEqual(
    first.map(({ document_id, ordinal }) => [document_id, ordinal]),
    [
      ['large', 2048],
      ['large', 1024],
      ['small', 0],
      ['large', 0],
    ],
  )
  assert.equal(read.rows, 3203)
  assert.deepEqual(
    (await search(documents, query, 4, signal)).map(({ score }) => score),
    first.map(({ score }) => score),
  )
  assert.equal(read.rows, 3203, 'nothing is read again')
})

test('a search that is given up stops reading', async () => {
  const { search, documents, read } = storeOf({ large: 2500 })
  const stop = new AbortController()
  stop.abort(new Error('given up'))
  await assert.rejects(search(documents, new Float32Array(size), 4, stop.signal), { message: 'given up' })
  assert.equal(read.rows, 0)
})
