import { element } from '../chat/element.ts'
import { chart } from './chart.ts'
import { choice } from './choice.ts'
import { isList, isTable, isVector, shown, squeezed, type Value } from './output.ts'

/** Beyond these a table is no longer read. */
const mostRows = 200
const mostColumns = 60
/** More letters are no figure but a text. */
const longestSingle = 16

/** What a model gave: each output by itself, or all as JSON. */
export function resultView(outputs: Readonly<Record<string, Value>>): HTMLElement {
  const views = element(
    'div',
    { class: 'outputs' },
    ...Object.entries(outputs).map(([name, value]) => outputView(name, squeezed(value))),
  )
  const json = element('pre', { hidden: true, tabindex: '0', 'aria-label': 'Outputs as JSON' })
  const mode = choice('Result as', ['Table', 'JSON'], chosen => {
    json.textContent ||= JSON.stringify(outputs, null, 1)
    json.hidden = chosen !== 'JSON'
    views.hidden = chosen === 'JSON'
  })
  return element(
    'div',
    {},
    element('div', { class: 'head' }, element('h2', {}, 'Result'), mode.element),
    views,
    json,
  )
}

function outputView(name: string, value: Value): HTMLElement {
  const title = element('h3', {}, name)
  if (!isList(value))
    return element(
      'section',
      {},
      title,
      element('p', { class: shown(value).length > longestSingle ? 'text' : 'single' }, shown(value)),
    )
  if (isVector(value)) {
    const numbers = element(
      'details',
      {},
      element('summary', {}, `${value.length} values`),
      vectorTable(name, value),
    )
    return element('section', {}, title, chart(name, value), numbers)
  }
  if (isTable(value)) return element('section', {}, title, ...table(name, value))
  if (value.every(item => !isList(item))) return element('section', {}, title, vectorTable(name, value))
  return element('section', {}, title, element('pre', { tabindex: '0' }, JSON.stringify(value)))
}

function vectorTable(name: string, values: readonly Value[]): HTMLElement {
  const rows = values
    .slice(0, mostRows)
    .map((value, index) => element('tr', {}, element('th', { scope: 'row' }, String(index)), cell(value)))
  return scroller(name, element('table', {}, element('tbody', {}, ...rows)))
}

function table(name: string, value: readonly (readonly Value[])[]): HTMLElement[] {
  const columns = Math.min(value[0]?.length ?? 0, mostColumns)
  const numbers = Array.from({ length: columns }, (_, at) => element('th', { scope: 'col' }, String(at)))
  const head = element('thead', {}, element('tr', {}, element('td'), ...numbers))
  const rows = value
    .slice(0, mostRows)
    .map((row, at) =>
      element('tr', {}, element('th', { scope: 'row' }, String(at)), ...row.slice(0, mostColumns).map(cell)),
    )
  const isCut = value.length > mostRows || (value[0]?.length ?? 0) > mostColumns
  const said = `The first ${rows.length} of ${value.length} rows; all are in the JSON.`
  return [
    scroller(name, element('table', {}, head, element('tbody', {}, ...rows))),
    ...(isCut ? [element('p', { class: 'hint' }, said)] : []),
  ]
}

function cell(value: Value): HTMLElement {
  return element('td', { class: typeof value === 'number' ? 'number' : '' }, shown(value))
}

/** Keys scroll only what can have the focus. */
function scroller(name: string, content: HTMLElement): HTMLElement {
  return element(
    'div',
    { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': `Values of ${name}` },
    content,
  )
}
