import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { silentLog } from '../../kit/log.ts'
import { testTypesetterContract } from '../../ports/typesetter.contract.ts'
import { createTypesetter } from './typesetter.ts'

const fontsFolder = fileURLToPath(new URL('../../../templates/fonts', import.meta.url))
const open = () =>
  createTypesetter({ log: silentLog, fontsFolder, timeoutMs: 4000, memoryBytes: 400_000_000 })

testTypesetterContract('typst', open)

test('the fonts of the templates are there, so that they look the same on every machine', async () => {
  const typesetter = open()
  try {
    // `fallback: false` sets nothing in another font; the width tells whether there was one.
    const source = (font: string) =>
      `#context { assert(measure(text(font: "${font}", fallback: false)[Wide]).width > 1pt) }`
    for (const font of ['Source Sans 3', 'Libertinus Serif', 'DejaVu Sans Mono']) {
      await typesetter.pdf({ '/main.typ': Buffer.from(source(font)) })
    }
    await assert.rejects(typesetter.pdf({ '/main.typ': Buffer.from(source('Nowhere Sans')) }))
  } finally {
    await typesetter.close()
  }
})

test('what does not come to its turn in time is refused, and the caller told when to try again', async () => {
  const typesetter = createTypesetter({
    log: silentLog,
    fontsFolder,
    timeoutMs: 4000,
    waitMs: 100,
    memoryBytes: 400_000_000,
  })
  try {
    const endless = { '/main.typ': Buffer.from('#for a in range(99999) { for b in range(9999) {} }') }
    const controller = new AbortController()
    const busy = typesetter.pdf(endless, { signal: controller.signal })
    await assert.rejects(typesetter.pdf({ '/main.typ': Buffer.from('x') }), {
      code: 'report-overloaded',
      retryAfterSeconds: 3,
    })
    controller.abort(new Error('gone'))
    await assert.rejects(busy, { message: 'gone' })
  } finally {
    await typesetter.close()
  }
})

test('a typesetter that was never used has started nothing', async () => {
  const before = process.getActiveResourcesInfo().length
  const typesetter = open()
  assert.equal(process.getActiveResourcesInfo().length, before)
  await typesetter.close()
  await assert.rejects(typesetter.pdf({ '/main.typ': Buffer.from('x') }), { code: 'shutting-down' })
})
