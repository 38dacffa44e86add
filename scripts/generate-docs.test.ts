import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generateDocs } from './generate-docs.ts'

test('the documents made from the code are those in docs/', async () => {
  for (const [name, text] of Object.entries(await generateDocs())) {
    const written = readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')
    assert.equal(
      written,
      text,
      `docs/${name} is out of date: run node --conditions=roundhouse-source scripts/generate-docs.ts`,
    )
  }
})

test('every error code that the source throws is documented, and every documented one exists', async () => {
  const { 'errors.md': text = '' } = await generateDocs()
  const documented = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(match => match[1])
  const { problemCodes } = await import('@roundhouse/sdk/contract')
  assert.deepEqual(documented.sort(), Object.keys(problemCodes).sort())
})
