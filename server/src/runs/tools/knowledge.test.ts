import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Collection, Passage } from '../../knowledge/collection.ts'
import { anonymousCaller as caller } from '../../testing/callers.ts'
import { cutForModel } from '../loop/cut-for-model.ts'
import { knowledgeTool } from './knowledge.ts'

const date = new Date(0)
const collection: Collection = {
  id: '1',
  owner_id: null,
  name: '文'.repeat(128),
  description: null,
  visibility: 'public',
  embedding_model: null,
  chunk_size: 8000,
  chunk_overlap: 0,
  language: 'simple',
  created_at: date,
  updated_at: date,
}

async function told(text: string): Promise<{ sources: unknown[]; passages: { text: string }[] }> {
  const passage: Passage = {
    document_id: '0197c1a0-0000-7000-8000-000000000000',
    document: '文'.repeat(255),
    text,
    headings: Array.from({ length: 6 }, () => '章'.repeat(200)),
    page: null,
    first_line: 1,
    last_line: 2,
    score: 1,
  }
  const passages = Array.from({ length: 50 }, () => passage)
  const knowledge = {
    collections: { find: async () => collection },
    search: async () => ({ collection, passages, warning: 'w'.repeat(200) }),
  }
  const spec = { type: 'knowledge', collection: 'any', limit: 50 } as const
  const tool = await knowledgeTool({ knowledge: knowledge as never }, caller, spec)
  const context = {
    caller,
    signal: new AbortController().signal,
    timeoutMs: 1000,
    idempotencyKey: 'k',
    run: { id: 'r', agentId: 'a', depth: 0 },
  }
  return JSON.parse(cutForModel(await tool.call({ query: 'x' }, context)))
}

test('whatever the language of the documents, the model is told whole passages, each with its source', async () => {
  for (const [text, most] of [
    ['文'.repeat(8000), 1],
    ['"'.repeat(8000), 1],
    ['word', 6],
  ] as const) {
    const { sources, passages } = await told(text)
    assert.equal(sources.length, passages.length)
    assert.ok(passages.length >= most, `${passages.length}`)
    assert.ok(passages.every(passage => passage.text === text))
  }
})
