import { element } from '../chat/element.ts'
import { shown, type Value } from './values.ts'

/** Beyond these a table is no longer read. */
const mostRows = 200
const mostColumns = 60

/** A value per line. */
export function vectorTable(name: string, values: readonly Value[], labels: readonly string[]): HTMLElement {
  const named = labels.length === values.length ? labels : []
  const rows = values
    .slice(0, mostRows)
    .map((value, index) =>
      element('tr', {}, element('th', { scope: 'row' }, named[index] ?? String(index)), cell(value)),
    )
  return scroller(name, element('table', {}, element('tbody', {}, ...rows)))
}

/** A line per row. */
export function table(name: string, value: readonly (readonly Value[])[]): HTMLElement[] {
  const columns = Math.min(value[0]?.length ?? 0, mostColumns)
  const numbers = Array.from({ length: columns }, (_, at) => element('th', { scope: 'col' }, String(at)))
  const head = element('thead', {}, element('tr', {}, element('td'), ...numbers))
  const rows = value
    .slice(0, mostRows)
    .map((row, at) =>
      element('tr', {}, element('th', { scope: 'row' }, String(at)), ...row.slice(0, mostColumns).map(cell)),
    )
  const isCut = value.length > mostRows || (value[0]?.length ?? 0) > mostColumns
  return [
    scroller(name, element('table', {}, head, element('tbody', {}, ...rows))),
    ...(isCut ? [hint(`The first ${rows.length} of ${value.length} rows; all are in the JSON.`)] : []),
  ]
}

export function hint(text: string): HTMLElement {
  return element('p', { class: 'hint' }, text)
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
