import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ForecastReport } from '@roundhouse/sdk/contract'
import { createTypesetter } from '../adapters/typst/typesetter.ts'
import { silentLog } from '../kit/log.ts'
import { shippedTemplates } from './templates.ts'

const folder = fileURLToPath(new URL('../../templates', import.meta.url))
const typesetter = createTypesetter({
  log: silentLog,
  fontsFolder: `${folder}/fonts`,
  timeoutMs: 60_000,
  memoryBytes: 1_000_000_000,
})
after(() => typesetter.close())

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><path d="M0 0h40v10z" fill="#24527a"/></svg>`
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Pictures in the PDF: their dictionaries are never compressed (ISO 32000-1, 7.5.7). */
async function picturesIn(logo: string, bytes: Uint8Array): Promise<number> {
  const template = shippedTemplates(folder).find(({ name }) => name === 'forecast-report')
  assert.ok(template)
  const forecast = Array.from({ length: 40 }, (_, index) => ({
    label: `${index}`,
    value: index,
    lower: index - 3,
    upper: index + 3,
  }))
  const data: ForecastReport = { title: 'Sales', confidence: 0.9, forecast, logo }
  const json = Buffer.from(JSON.stringify(template.schema.parse(data)))
  const files = { ...(await template.files()), [logo]: bytes, '/data.json': json }
  const { pdf } = await typesetter.pdf(files)
  return (
    Buffer.from(pdf)
      .toString('latin1')
      .match(/\/Subtype\s*\/Image\b/g)?.length ?? 0
  )
}

test('chart, band and a logo in SVG are lines and areas in the PDF, sharp at any size; only a picture is a picture', async () => {
  assert.equal(await picturesIn('/logo.svg', Buffer.from(svg)), 0)
  assert.ok((await picturesIn('/logo.png', pixel)) > 0)
})
