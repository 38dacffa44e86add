import { element } from '../chat/element.ts'
import { exampleValue } from './example.ts'
import { type Field, notes, type Spec } from './field.ts'
import { freshId } from './fresh-id.ts'
import { isGrid, rowsOf } from './grid.ts'
import { arrayText, isWhole, literalOf } from './literal.ts'
import { textField } from './text-field.ts'
import type { Single, Value } from './values.ts'

/** More of them are no longer read at a glance. */
const mostColumns = 12
const mostRows = 16

type Row = { readonly element: HTMLElement; readonly controls: readonly HTMLInputElement[] }

/** Whether each value can have a field of its own. */
export function isShort({ shape }: Spec, example: Value): boolean {
  if (shape.length > 0 && !isGrid(shape)) return false
  const width = widthOf(shape)
  const rows = shape.length < 2 ? 1 : (shape.at(-2) ?? rowsOf(example).length)
  return width !== null && width > 0 && width <= mostColumns && rows > 0 && rows <= mostRows
}

/** A field for each value; where a request chooses how many rows there are, rows are added and taken away. */
export function gridField(spec: Spec, example: Value): Field {
  const { name, dtype, shape } = spec
  const width = widthOf(shape) ?? 1
  const isFree = shape.length === 1 ? shape[0] === null : shape.at(-2) === null
  const { elements, describes, complain } = notes(spec)
  let rows: Row[] = []
  let text: Field | undefined
  const body = element('div', { class: 'rows' })
  const add = element('button', { type: 'button' }, shape.length === 1 ? 'Add a value' : 'Add a row')
  const more = element('button', { type: 'button' }, 'Several rows, or a CSV file')
  const isOne = width === 1 && !isFree
  const box = element('div', {
    class: 'field',
    role: 'group',
    'aria-label': name,
    'aria-describedby': describes,
  })
  if (!isOne) box.append(element('span', { class: 'name', 'aria-hidden': 'true' }, name))
  box.append(body, ...(isFree ? [element('div', { class: 'tools' }, add, more)] : []), ...elements)
  const outer = element('div', {}, box)

  const setRows = (values: readonly (readonly Single[])[]) => {
    rows = values.map((cells, at) => rowOf(cells, at))
    body.replaceChildren(...rows.map(row => row.element))
    add.hidden = rows.length >= mostRows
  }
  const written = () => rows.map(row => row.controls.map(writtenIn))
  const changed = () => body.dispatchEvent(new Event('input', { bubbles: true }))

  function rowOf(cells: readonly Single[], at: number): Row {
    const controls = Array.from({ length: width }, (_, column) => controlOf(spec, cells[column] ?? ''))
    const named = controls.map((control, column) => {
      if (isOne) return labelled(control, name)
      if (at === 0) return labelled(control, String(width === 1 ? at : column))
      control.setAttribute('aria-label', width === 1 ? String(at) : `${column}, row ${at + 1}`)
      return control
    })
    const line = element('div', { class: 'row' }, ...named)
    line.style.setProperty('--columns', String(width))
    const remove = element(
      'button',
      { type: 'button', class: 'remove', 'aria-label': `Remove row ${at + 1}` },
      '×',
    )
    remove.addEventListener('click', () => {
      setRows(written().filter((_, row) => row !== at))
      add.focus()
      changed()
    })
    const isOnly = at === 0
    return {
      controls,
      element: element('div', { class: 'entry' }, line, ...(isFree && !isOnly ? [remove] : [])),
    }
  }

  add.addEventListener('click', () => {
    const from = rows.length * width
    setRows([...written(), Array.from({ length: width }, (_, at) => exampleValue(dtype, from + at))])
    rows.at(-1)?.controls[0]?.focus()
    changed()
  })
  more.addEventListener('click', () => {
    text = textField(spec, written())
    outer.replaceChildren(text.element)
    text.element.querySelector('textarea')?.focus()
  })
  const fill = (value: Value) => {
    const values =
      shape.length === 1 && isFree
        ? rowsOf(value)
            .flat()
            .map(cell => [cell])
        : rowsOf(value)
    if (values.length <= mostRows) return setRows(values)
    text = textField(spec, value)
    outer.replaceChildren(text.element)
  }
  fill(example)

  return {
    element: outer,
    fill: value => (text ?? { fill }).fill(value),
    read() {
      if (text) return text.read()
      const literals = rows.flatMap(({ controls }) => controls.map(control => readControl(spec, control)))
      const sizes = shape.map((size, at) => size ?? (at === Math.max(0, shape.length - 2) ? rows.length : 1))
      return arrayText(sizes, literals)
    },
    complain(sentence) {
      if (text) return text.complain(sentence)
      complain(sentence)
      const all = rows.flatMap(row => row.controls)
      if (sentence === undefined) for (const control of all) control.removeAttribute('aria-invalid')
      else (all.find(control => control.hasAttribute('aria-invalid')) ?? all[0])?.focus()
    },
  }
}

function readControl({ dtype }: Spec, control: HTMLInputElement): string {
  try {
    return literalOf(dtype, writtenIn(control))
  } catch (error) {
    control.setAttribute('aria-invalid', 'true')
    throw error
  }
}

/** Of a row; a free number of single values is a column of them. */
function widthOf(shape: Spec['shape']): number | null {
  if (shape.length === 0) return 1
  return shape.length === 1 ? (shape[0] ?? 1) : (shape.at(-1) ?? null)
}

function controlOf({ dtype }: Spec, value: Single): HTMLInputElement {
  if (dtype === 'BOOL') return element('input', { type: 'checkbox', checked: String(value) === 'true' })
  return element('input', {
    type: 'text',
    value: String(value),
    autocomplete: 'off',
    spellcheck: 'false',
    ...(dtype === 'BYTES' ? {} : { inputmode: isWhole(dtype) ? 'numeric' : 'decimal' }),
  })
}

function writtenIn(control: HTMLInputElement): string {
  return control.type === 'checkbox' ? String(control.checked) : control.value
}

function labelled(control: HTMLInputElement, text: string): HTMLElement {
  control.id = freshId()
  const label = element('label', { for: control.id }, text)
  const isCheck = control.type === 'checkbox'
  return element(
    'div',
    { class: isCheck ? 'check' : 'control' },
    ...(isCheck ? [control, label] : [label, control]),
  )
}
