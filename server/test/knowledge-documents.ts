import type { Passage } from '@roundhouse/sdk/contract'
import { docxOf, docxParagraph, pdfOf } from '../src/testing/documents.ts'

export const contract = [
  docxParagraph('Lease', 1),
  docxParagraph('Deposit', 2),
  docxParagraph('The deposit is due within 14 days.'),
  docxParagraph('Pets', 2),
  docxParagraph('Cats are welcome.'),
].join('')

type Known = [
  name: string,
  content: string | Uint8Array,
  kind: string,
  query: string,
  place: Partial<Passage>,
]

/** One of each kind, with what finds a passage of it, and where that stands. */
export const kinds: readonly Known[] = [
  [
    'notes',
    'First things.\n\nThe harbour was closed\nfor winter.',
    'text',
    'harbours',
    { first_line: 1, last_line: 4 },
  ],
  [
    'guide',
    '# Guide\n\n## Returns\n\nSend it within 30 days.',
    'markdown',
    'sending',
    { headings: ['Guide', 'Returns'], first_line: 5 },
  ],
  [
    'page',
    '<!doctype html><title>x</title><h1>Fees</h1><p>A <b>transfer</b> costs 2.</p><script>no()</script>',
    'html',
    'transfers',
    { headings: ['Fees'], text: 'A transfer costs 2.' },
  ],
  ['report.bin', pdfOf(['Opening words.', 'Turnover rose sharply.']), 'pdf', 'turnover rising', { page: 2 }],
  [
    'prices.csv',
    'item,price\nladder,30\n"rope, long",4\n',
    'csv',
    '"rope long"',
    { text: 'item | price\nladder | 30\nrope, long | 4', last_line: 3 },
  ],
  [
    'contract',
    docxOf(contract),
    'docx',
    'deposits',
    { headings: ['Lease', 'Deposit'], text: 'The deposit is due within 14 days.' },
  ],
]

const zeros = Buffer.alloc(66 * 1024 * 1024, 0x20)

/** Made to break whoever reads them, and why each is refused. */
export const hostile: readonly [name: string, content: Uint8Array, why: RegExp][] = [
  ['lying.docx', docxOf('', { content: zeros, claimedBytes: 100 }), /unpacked it is too large/],
  ['claims.docx', docxOf('', { content: 'x', claimedBytes: 1_000_000_000 }), /unpacked it is too large/],
  ['broken.docx', docxOf(contract).subarray(0, 300), /archive that is damaged/],
  ['broken.pdf', pdfOf(['a']).subarray(0, 60), /PDF that is damaged/],
  ['empty.pdf', pdfOf(['']), /no text in it/],
  ['program', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), /neither text/],
  ['open.csv', new TextEncoder().encode('a,b\n"c,d\n'), /no row of CSV/],
]
