import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PDFiumLibrary } from '@hyzyla/pdfium'
import type { ConversationTranscript, ForecastReport, PredictionBatchSummary } from '@roundhouse/sdk/contract'
import { createTypesetter } from '../adapters/typst/typesetter.ts'
import { silentLog } from '../kit/log.ts'
import { shippedTemplates } from './templates.ts'

const folder = fileURLToPath(new URL('../../templates', import.meta.url))
const templates = shippedTemplates(folder)
const typesetter = createTypesetter({
  log: silentLog,
  fontsFolder: `${folder}/fonts`,
  timeoutMs: 60_000,
  memoryBytes: 1_000_000_000,
})
const library = await PDFiumLibrary.init()
after(() => {
  library.destroy()
  return typesetter.close()
})

/** What each page of the report says, line ends and the breaks that were put into long words taken away. */
async function pagesOf(name: string, data: unknown): Promise<string[]> {
  const template = templates.find(each => each.name === name)
  assert.ok(template)
  const json = Buffer.from(JSON.stringify(template.schema.parse(data)))
  const { pdf, pages } = await typesetter.pdf({ ...(await template.files()), '/data.json': json })
  const document = await library.loadDocument(pdf)
  try {
    const texts = [...document.pages()].map(page => page.getText().replaceAll(/[\u200b\ufffe\p{Cc}]/gu, ''))
    assert.equal(texts.length, pages)
    return texts
  } finally {
    document.destroy()
  }
}

const forecast: ForecastReport = { title: 'Sales', forecast: [{ label: '2027', value: 12 }] }
const batch: PredictionBatchSummary = { title: 'Night', model: { name: 'm' }, totals: { predictions: 3 } }
const transcript: ConversationTranscript = { title: 'Talk', messages: [{ role: 'user', text: 'Hello' }] }

/** Each would do something if it were template code. */
const hostile = [
  '#panic("ran")',
  '#{ while true {} }',
  '#read("/etc/passwd")',
  '#import "@preview/cetz:0.3.1": *',
  '#set page(width: 1pt)',
  '$ sum_(i=0) x $',
  ']] }} ))',
  '\\ \\u{41} \\#',
  '@nowhere <label>',
  '`raw` ```code```',
  '= heading',
  '/* comment */ // rest',
  '*bold* _emphasis_ ~ -- ...',
  '"); panic("',
  '#eval("1 + 1")',
]

for (const template of templates) {
  test(`${template.name}: its example is set, with its title and the number of each page`, async () => {
    const pages = await pagesOf(template.name, template.example)
    const { title } = template.schema.parse(template.example)
    for (const [index, text] of pages.entries()) {
      assert.ok(text.includes(title), `page ${index + 1} has no title`)
      assert.ok(text.includes(`Page ${index + 1} of ${pages.length}`), `page ${index + 1} has no number`)
    }
  })
}

test('whatever looks like template code is printed as it is, in every text of every template', async () => {
  for (const [index, text] of hostile.entries()) {
    const shown = text.replaceAll(/\s+/g, '')
    const cover = {
      title: text,
      subtitle: text,
      prepared_for: text,
      prepared_by: text,
      reference: text,
      summary: text,
      note: text,
    }
    const point = { label: text, value: index, lower: -1, upper: 99 }
    const all: [string, unknown, number][] = [
      [
        'forecast-report',
        {
          ...cover,
          key_figures: [{ label: text, value: text.slice(0, 30), note: text }],
          measure: text,
          unit: text.slice(0, 20),
          history: [{ label: text, value: 1 }],
          forecast: [point, point],
          assumptions: [text],
          method: text,
        },
        // Title, subtitle, for, by, reference, summary, note; figure; measure; points of the table; assumption; method.
        15,
      ],
      [
        'prediction-batch-summary',
        {
          ...cover,
          model: { name: text, version: text },
          totals: { predictions: 2, failed: 1 },
          distributions: [{ title: text, items: [{ label: text, value: 2 }] }],
          errors: [{ message: text, count: 1 }],
          table: { columns: [text], rows: [[text]] },
        },
        14,
      ],
      [
        'conversation-transcript',
        { ...cover, agent: text, model: text, messages: [{ role: 'tool', name: text, text }] },
        11,
      ],
    ]
    for (const [name, data, times] of all) {
      const printed = (await pagesOf(name, data)).join('').replaceAll(/\s+/g, '')
      const found = printed.split(shown).length - 1
      assert.ok(found >= times, `${name} shows ${text} ${found} times, not ${times}`)
    }
  }
})

test('right-to-left text, emoji and a megabyte of signs are set too', async () => {
  const mixed = 'مرحبا بالعالم שלום 😀👩‍👩‍👧 漢字 e\u0301 \u202e back'
  const [first = ''] = await pagesOf('forecast-report', { ...forecast, title: mixed, summary: mixed })
  assert.ok(first.includes('back') || first.includes('kcab'))
  const signs = '#[$]@\\`*_<>{}"\'~='.repeat(12_000).slice(0, 199_999)
  const messages = Array.from({ length: 5 }, () => ({ role: 'user', text: signs }))
  const pages = await pagesOf('conversation-transcript', { title: '1 MB', messages })
  assert.ok(pages.length > 100, `${pages.length} pages`)
  assert.ok(pages.at(-1)?.includes(`Page ${pages.length} of ${pages.length}`))
})

test('a table of several pages repeats its head on each of them', async () => {
  const rows = Array.from({ length: 120 }, (_, index) => [`row ${index}`, index / 8, null])
  const pages = await pagesOf('prediction-batch-summary', {
    ...batch,
    table: { columns: ['Customer', 'Score', 'Reason'], rows },
  })
  const withRows = pages.filter(text => /row \d/.test(text))
  assert.ok(withRows.length >= 3)
  for (const text of withRows) assert.match(text, /Customer\s*Score\s*Reason/)
  for (let index = 0; index < 120; index++) assert.ok(pages.some(text => text.includes(`row ${index}`)))
})

test('a report is set with the fewest data and with the most: one point and 400, negative, huge and equal numbers', async () => {
  for (const [name, data] of [
    ['forecast-report', forecast],
    ['forecast-report', { title: 'a', forecast: [{ label: 'a', value: -3.25, lower: -5, upper: -1 }] }],
    [
      'forecast-report',
      { title: 'a', forecast: Array.from({ length: 9 }, () => ({ label: 'same', value: 0 })) },
    ],
    [
      'forecast-report',
      { title: 'a', forecast: [0, 1e-12, 9.9e29, -1e30].map(value => ({ label: 'a', value })) },
    ],
    ['prediction-batch-summary', { ...batch, totals: { predictions: 0 } }],
    ['conversation-transcript', transcript],
  ] as const)
    await pagesOf(name, data)

  const points = Array.from({ length: 400 }, (_, index) => ({
    label: `Week ${index}`,
    value: Math.sin(index) * 1e6,
    ...(index % 3 === 0 ? {} : { lower: -2e6, upper: 2e6 }),
  }))
  const pages = await pagesOf('forecast-report', {
    title: 'x'.repeat(200),
    history: points.map(({ label, value }) => ({ label, value })),
    forecast: points,
    assumptions: ['y'.repeat(1000)],
  })
  assert.ok(pages.length > 8)
  assert.ok(pages.join('').includes('−756,802'), 'sin(4) millions, with a true minus')
})

test('data of another form are refused: too much, unknown names, an interval that is none', () => {
  const schema = templates.find(each => each.name === 'forecast-report')?.schema
  const bad: [string, unknown][] = [
    ['no points', { ...forecast, forecast: [] }],
    ['401 points', { ...forecast, forecast: Array.from({ length: 401 }, () => ({ label: 'a', value: 1 })) }],
    ['an unknown name', { ...forecast, script: 'x' }],
    ['a number as text', { ...forecast, forecast: [{ label: 'a', value: '1' }] }],
    ['lower above value', { ...forecast, forecast: [{ label: 'a', value: 1, lower: 2, upper: 3 }] }],
    ['lower alone', { ...forecast, forecast: [{ label: 'a', value: 1, lower: 0 }] }],
    ['a NUL', { ...forecast, title: 'a\0b' }],
    ['half a surrogate pair', { ...forecast, title: 'a\ud800' }],
    ['a colour that is code', { ...forecast, accent: '#000000") #panic("' }],
    ['a date that is none', { ...forecast, date: '2026-13-40' }],
  ]
  assert.ok(schema?.safeParse(forecast).success)
  for (const [what, data] of bad) assert.equal(schema.safeParse(data).success, false, what)
})
