import { setImmediate as nextTurn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { ChunkStore, EmbeddedDocument } from './chunks/store.ts'
import type { Hit } from './collection.ts'

/** Vectors one behind the other, and the ordinals of their chunks. */
type Matrix = { readonly values: Float32Array; readonly ordinals: Int32Array }

/** Of vectors that were read for a search, for the next one. */
const keptBytes = 256 * 1024 * 1024
/** Read by one query: larger answers would come near to its time limit. */
const bytesAtATime = 4 * 1024 * 1024
/** Multiplications between two looks at what else there is to do: about a millisecond. */
const atATime = 1_000_000

/**
 * Compares every vector of a collection with one, where the database cannot. What a generation of a document holds never
 * changes, so that what was read once is kept as far as there is room; the rest is read anew each time, bit by bit.
 */
export function createExactSearch({ store }: { store: Pick<ChunkStore, 'vectors'> }) {
  const kept = new LRUCache<string, Matrix>({ maxSize: keptBytes, sizeCalculation: sizeOf })

  return async (
    documents: readonly EmbeddedDocument[],
    query: Float32Array,
    limit: number,
    signal: AbortSignal,
  ): Promise<Hit[]> => {
    const best = createBest(limit)
    let multiplied = 0

    async function compare(document: EmbeddedDocument, { values, ordinals }: Matrix): Promise<void> {
      const size = query.length
      for (let row = 0; row < ordinals.length; row += 1) {
        let score = 0
        for (let at = 0, from = row * size; at < size; at += 1)
          score += (values[from + at] ?? 0) * (query[at] ?? 0)
        if (best.accepts(score)) {
          const { id: document_id, generation } = document
          best.add({ document_id, generation, ordinal: ordinals[row] ?? 0, score })
        }
        multiplied += size
        if (multiplied < atATime) continue
        multiplied = 0
        await nextTurn()
        signal.throwIfAborted()
      }
    }

    const missing: EmbeddedDocument[] = []
    for (const document of documents) {
      const matrix = kept.get(document.generation)
      if (matrix) await compare(document, matrix)
      else missing.push(document)
    }
    const rowBytes = query.length * Float32Array.BYTES_PER_ELEMENT
    const rowsAtATime = Math.max(1, Math.floor(bytesAtATime / rowBytes))
    for (const group of groupsOf(missing, rowsAtATime)) {
      const [first] = group
      const chunks = group.length === 1 && first ? first.chunks : rowsAtATime
      for (let from = 0; from < chunks; from += rowsAtATime) {
        signal.throwIfAborted()
        const rows = await store.vectors(group, { from, to: from + rowsAtATime - 1 })
        for (const document of group) {
          const own = rows.filter(row => row.document_id === document.id)
          const matrix = matrixOf(own, query.length)
          // Of a large document there is a part only.
          if (document.chunks <= rowsAtATime) kept.set(document.generation, matrix)
          else keepPart(kept, document, matrix, from)
          await compare(document, matrix)
        }
      }
    }
    return best.hits()
  }
}

/** The parts of a large document come in order, and the last makes it whole. */
function keepPart(
  kept: LRUCache<string, Matrix>,
  { generation, chunks }: EmbeddedDocument,
  part: Matrix,
  from: number,
): void {
  const key = `${generation} in part`
  const before = from === 0 ? emptyMatrix : kept.get(key)
  kept.delete(key)
  if (!before || before.ordinals.length !== from) return
  const whole = joined(before, part)
  if (whole.ordinals.length === chunks) kept.set(generation, whole)
  else kept.set(key, whole)
}

const emptyMatrix: Matrix = { values: new Float32Array(), ordinals: new Int32Array() }

function joined(a: Matrix, b: Matrix): Matrix {
  const values = new Float32Array(a.values.length + b.values.length)
  values.set(a.values)
  values.set(b.values, a.values.length)
  return { values, ordinals: Int32Array.of(...a.ordinals, ...b.ordinals) }
}

function sizeOf({ values, ordinals }: Matrix): number {
  return Math.max(1, values.byteLength + ordinals.byteLength)
}

/** Small documents together, a large one by itself. */
export function groupsOf(documents: readonly EmbeddedDocument[], mostRows: number): EmbeddedDocument[][] {
  const groups: EmbeddedDocument[][] = []
  let rows = 0
  for (const document of documents) {
    const last = groups.at(-1)
    if (!last || rows + document.chunks > mostRows) {
      groups.push([document])
      rows = document.chunks
    } else {
      last.push(document)
      rows += document.chunks
    }
  }
  return groups
}

/** Rows of another length are none of this model. */
function matrixOf(rows: readonly { ordinal: number; embedding: Buffer }[], size: number): Matrix {
  const sound = rows.filter(({ embedding }) => embedding.length === size * Float32Array.BYTES_PER_ELEMENT)
  const values = new Float32Array(sound.length * size)
  const bytes = new Uint8Array(values.buffer)
  for (const [index, { embedding }] of sound.entries()) bytes.set(embedding, index * embedding.length)
  return { values, ordinals: Int32Array.from(sound, ({ ordinal }) => ordinal) }
}

/** The best so far: few, so that a list in order is as good as a heap. */
function createBest(limit: number): { accepts(score: number): boolean; add(hit: Hit): void; hits(): Hit[] } {
  const hits: Hit[] = []
  return {
    accepts: score => hits.length < limit || score > (hits.at(-1)?.score ?? 0),
    add(hit) {
      let at = hits.length
      while (at > 0 && (hits[at - 1]?.score ?? 0) < hit.score) at -= 1
      hits.splice(at, 0, hit)
      if (hits.length > limit) hits.pop()
    },
    hits: () => hits,
  }
}
