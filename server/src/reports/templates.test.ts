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

async function setPdf(
  name: string,
  data: unknown,
): Promise<{ pdf: Uint8Array; pages: number; missing: string[] }> {
  const template = templates.find(each => each.name === name)
  assert.ok(template)
  const json = Buffer.from(JSON.stringify(template.schema.parse(data)))
  return typesetter.pdf({ ...(await template.files()), '/data.json': json })
}

/** What each page of the report says, line ends and the breaks that were put into long words taken away. */
async function pagesOf(name: string, data: unknown): Promise<string[]> {
  const { pdf, pages } = await setPdf(name, data)
  const document = await library.loadDocument(pdf)
  try {
    const texts = [...document.pages()].map(page => page.getText().replaceAll(/[\u200b\ufffe\p{Cc}]/gu, ''))
    assert.equal(texts.length, pages)
    return texts
  } finally {
    document.destroy()
  }
}

/** Whether nothing is printed in the outer 20 mm of any page: there is one colour from edge to edge. */
async function keepsMargins(pdf: Uint8Array): Promise<boolean> {
  const document = await library.loadDocument(pdf)
  try {
    for (const page of document.pages()) {
      const { data, width, height } = await page.render({ scale: 1, render: 'bitmap' })
      const edge = Math.floor((20 / 25.4) * 72)
      const at = (x: number, y: number) => data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3).join()
      for (let y = 0; y < height; y++)
        for (const x of [...Array(edge).keys()])
          if (at(x, y) !== at(0, y) || at(width - 1 - x, y) !== at(0, y)) return false
    }
    return true
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

test('fields at their greatest length are printed in full and leave the margins free', async () => {
  const of = (length: number) =>
    `${'Donaudampfschifffahrtsgesellschaft und Energiewirtschaft '.repeat(200).slice(0, length - 1)}Z`
  const cover = {
    title: of(200),
    subtitle: of(300),
    prepared_for: of(120),
    prepared_by: 'W'.repeat(120),
    date: '2026-09-30',
    reference: 'm'.repeat(80),
    note: of(4000),
  }
  const key = (value: string) => ({ label: of(60), value, note: of(80) })
  const values = [
    '€ 12.5 million to 14 million',
    'W'.repeat(30),
    'Wednesday, 14 July 2027',
    '1,284,000,000.25',
  ]
  const cell = (index: number) => (index % 2 === 0 ? -123_456_789_012.5 : of(400))
  const all: [string, Record<string, unknown>, string[]][] = [
    [
      'forecast-report',
      {
        ...cover,
        key_figures: [...values, ...values].map(key),
        measure: of(80),
        unit: 'U'.repeat(20),
        confidence: 0.955,
        history: [{ label: of(40), value: -1e9 }],
        forecast: [{ label: 'W'.repeat(40), value: 1.123_456, lower: -1e9, upper: 1e9 }],
        assumptions: [of(1000)],
      },
      [...values, of(80), of(60), '95.5% lower'],
    ],
    [
      'prediction-batch-summary',
      {
        ...cover,
        model: { name: 'm'.repeat(128), version: 'v'.repeat(128) },
        totals: { predictions: Number.MAX_SAFE_INTEGER, failed: 1 },
        distributions: [{ title: of(80), items: [{ label: of(80), value: 123_456_789_012 }] }],
        errors: [{ message: of(400), count: Number.MAX_SAFE_INTEGER }],
        table: {
          columns: Array.from({ length: 12 }, () => of(60)),
          rows: [Array.from({ length: 12 }, (_, index) => cell(index))],
        },
      },
      [of(400), of(60), '−123,456,789,012.5', '9,007,199,254,740,991'],
    ],
    [
      'conversation-transcript',
      {
        ...cover,
        agent: of(120),
        model: 'M'.repeat(120),
        messages: [
          {
            role: 'assistant',
            name: 'W'.repeat(80),
            text: `${'**x**`y`'.repeat(300)}\n\n${'W'.repeat(300)}`,
          },
        ],
      },
      [of(120), 'W'.repeat(300)],
    ],
  ]
  for (const [name, data, wanted] of all) {
    const packed = (text: string) => text.replaceAll(/\s+/g, '')
    const printed = packed((await pagesOf(name, data)).join(''))
    // A page may end within a text: its end tells that it is whole.
    for (const text of [...wanted, ...Object.values(cover).slice(0, 4), cover.reference, cover.note])
      assert.ok(
        printed.includes(packed(text.slice(-50))),
        `${name} does not show ${text.length} ${text.slice(-50)}`,
      )
    assert.ok(await keepsMargins((await setPdf(name, data)).pdf), name)
  }
})

test('ten columns of real data keep their words whole and every row on one page', async () => {
  const columns = [
    'Customer',
    'Name',
    'Region',
    'Score of the model',
    'Change against last week',
    'Comment',
    'Email',
    'Amount in EUR',
    'Created at',
    'End',
  ]
  const rows = Array.from({ length: 60 }, (_, index) => [
    `C-${10_422 + index}`,
    'Northern Lights Energy Cooperative',
    'Northern Europe',
    0.5 + index / 1000,
    -index / 7,
    index % 3 === 0 ? null : 'Usage halved after the price rise in October',
    `firstname.lastname${index}@example-company.com`,
    1_234_567.89 * index,
    '2026-11-21T09:14:00Z',
    '2027-03-31',
  ])
  const data = { ...batch, table: { columns, rows } }
  const pages = await pagesOf('prediction-batch-summary', data)
  assert.ok(await keepsMargins((await setPdf('prediction-batch-summary', data)).pdf))
  const count = (text: string, word: string) => text.split(word).length - 1
  for (const word of ['Northern', 'Cooperative', '2026-11-21T09:14:00Z', '2027-03-31', 'example-'])
    assert.ok(count(pages.join(''), word) >= 60, word)
  for (const text of pages) assert.equal(count(text, 'Cooperative'), count(text, '2027-03-31'))
})

test('letters without a font are named at the end and in the answer, those of Greek and Cyrillic are not among them', async () => {
  const private1 = '\u{f0001}'
  const named = (
    await pagesOf('forecast-report', { ...forecast, note: `Прогноз Πρόβλεψη ${private1}` })
  ).join('')
  assert.match(named, /One character has no shape .*: U\+F0001\./)
  const { missing } = await setPdf('conversation-transcript', { ...transcript, title: `a ${private1} ž` })
  assert.deepEqual(missing, [private1])
  const none = (await pagesOf('forecast-report', { ...forecast, note: 'Прогноз Πρόβλεψη ž €' })).join('')
  assert.doesNotMatch(none, /no shape/)
})

test('the numbers and years of the calendar stand in the table and on the axis', async () => {
  const points = Array.from({ length: 24 }, (_, at) => ({
    label: `${2027 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`,
    value: 10 + at / 4,
    lower: 5,
    upper: 40,
  }))
  const pages = await pagesOf('forecast-report', { ...forecast, confidence: 0.9, forecast: points })
  assert.match(pages[0] ?? '', /January 2027 to December 2028/)
  const table = pages.slice(1).join('')
  assert.match(table, /90% lower\s*90% upper/)
  assert.match(table, /Jan\s*2027/)
  for (const text of ['February', '15.75', '+0.25']) assert.ok(table.includes(text), text)
})

test('the Markdown of a message is set, and nothing of it is lost', async () => {
  const text =
    '# Steps\n\n1. **Open** it\n\n```py\nif x:\n\ty()\n```\n\n| a | b |\n|--|--|\n| c1 | #panic("x") |'
  const [page = ''] = await pagesOf('conversation-transcript', {
    ...transcript,
    messages: [{ role: 'assistant', text }],
  })
  for (const part of ['Steps', 'Open it', 'if x:', 'y()', 'c1', '#panic("x")'])
    assert.ok(page.includes(part), part)
  for (const sign of ['**', '```', '|', '# Steps']) assert.ok(!page.includes(sign), sign)
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
