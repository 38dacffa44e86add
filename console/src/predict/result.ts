import { element } from '../chat/element.ts'
import { chart } from './chart.ts'
import { choice } from './choice.ts'
import { hint, table, vectorTable } from './result-table.ts'
import { saveFile } from './save-file.ts'
import { isList, isTable, isVector, shown, squeezed, type Value, type Values } from './values.ts'

/** Rows of a batch that have a chart each. */
const mostCharts = 6
/** More letters are no figure but a text. */
const longestSingle = 16
/** More JSON makes a page slow; all of it is in the file. */
const mostLetters = 200_000

type Way = 'Chart' | 'Table' | 'JSON'

/** What a model gave: each output by itself as chart or table, or all as JSON. `labels` names the classes. */
export function resultView(outputs: Values, labels: readonly string[] = []): HTMLElement {
  const squeezedOutputs = Object.entries(outputs).map(([name, value]) => [name, squeezed(value)] as const)
  const canChart = squeezedOutputs.some(([, value]) => chartsOf(value).length > 0)
  const ways: readonly Way[] = canChart ? ['Chart', 'Table', 'JSON'] : ['Table', 'JSON']
  // Of a batch the rows are compared.
  const isBatch = squeezedOutputs.some(([, value]) => isTable(value))
  const first = canChart && !isBatch ? 'Chart' : 'Table'
  const place = element('div')
  const made = new Map<Way, HTMLElement>()
  const show = (way: Way) => {
    const view = made.get(way) ?? (way === 'JSON' ? jsonOf(outputs) : views(way))
    made.set(way, view)
    place.replaceChildren(view)
  }
  const views = (way: Way) =>
    element(
      'div',
      { class: 'outputs' },
      ...squeezedOutputs.map(([name, value]) =>
        element('section', {}, element('h3', {}, name), ...outputParts(name, value, { way, labels })),
      ),
    )
  const mode = choice<Way>('Result as', ways, first, show)
  show(mode.chosen())
  return element(
    'div',
    { class: 'predict' },
    element('div', { class: 'head' }, element('h2', {}, 'Result'), mode.element),
    place,
  )
}

function outputParts(
  name: string,
  value: Value,
  { way, labels }: { way: Way; labels: readonly string[] },
): HTMLElement[] {
  if (!isList(value)) {
    const label = labelled(value, labels)
    return [element('p', { class: label.length > longestSingle ? 'text' : 'single' }, label)]
  }
  const vectors = way === 'Chart' ? chartsOf(value) : []
  if (vectors.length > 0 && isVector(value)) return [chartOf(name, value, labels)]
  if (vectors.length > 0) {
    const charts = vectors.map((vector, row) =>
      chartOf(`${name}, row ${row}`, vector, labels, `Row ${row}: largest`),
    )
    const isCut = vectors.length < value.length
    const said = `The first ${vectors.length} of ${value.length} rows; all are in the table.`
    return [element('div', { class: 'charts' }, ...charts), ...(isCut ? [hint(said)] : [])]
  }
  if (isTable(value)) return table(name, value)
  if (value.every(item => !isList(item))) return [vectorTable(name, value, labels)]
  return [
    element(
      'pre',
      { tabindex: '0', role: 'region', 'aria-label': `Values of ${name}` },
      clipped(JSON.stringify(value)),
    ),
  ]
}

/** The vectors in it that are worth a picture. */
function chartsOf(value: Value): (readonly number[])[] {
  if (isVector(value)) return [value]
  if (!isTable(value)) return []
  return value.filter(row => isVector(row)).slice(0, mostCharts)
}

function chartOf(
  name: string,
  values: readonly number[],
  labels: readonly string[],
  lead = 'Largest',
): HTMLElement {
  const named = labels.length === values.length ? labels : []
  const best = values.indexOf(Math.max(...values.slice(0, 10_000)))
  const isShares = values.every(value => value >= 0 && value <= 1) && Math.abs(sum(values) - 1) < 0.01
  const value = values[best] ?? null
  const label = named[best] ?? (isShares ? String(best) : `number ${best}`)
  const score = isShares ? `${shown(Math.round(Number(value) * 1000) / 10)} %` : shown(value)
  const said = element('p', { class: 'largest' }, `${lead} `, element('strong', {}, label), ` (${score})`)
  const figure = element('div', { class: 'figure' }, said)
  figure.append(chart(name, values, named))
  return figure
}

function jsonOf(outputs: Values): HTMLElement {
  const text = JSON.stringify(outputs, null, 1)
  const save = element('button', { type: 'button' }, 'Save as a file')
  save.addEventListener('click', () => saveFile('output.json', text))
  const box = element(
    'pre',
    { tabindex: '0', role: 'region', 'aria-label': 'Outputs as JSON' },
    clipped(text),
  )
  return element('div', {}, box, element('div', { class: 'tools' }, save))
}

function clipped(text: string): string {
  return text.length > mostLetters ? `${text.slice(0, mostLetters)}\n… all is in the file.` : text
}

function labelled(value: Value, labels: readonly string[]): string {
  const label = typeof value === 'number' ? labels[value] : undefined
  return label === undefined ? shown(value) : `${shown(value)}: ${label}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
