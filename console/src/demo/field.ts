import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { exampleGrid, exampleJson, exampleValue } from './example.ts'
import { filePicker } from './file-picker.ts'
import { freshId } from './fresh-id.ts'
import { gridJson, isGrid } from './grid.ts'
import { isWhole, literalOf } from './literal.ts'

/** How one input of a model is asked for. */
export type Field = {
  readonly element: HTMLElement
  /** Its part of the JSON. @throws Error for who filled it in. */
  read(): string
}

type Spec = TensorSpecBody

/** More of them are no longer read at a glance. */
const mostSingle = 12

/** A field for each value of a short row, else one for lines of values or for JSON. */
export function inputField(spec: Spec): Field {
  const sizes = spec.shape.map(size => size ?? 1)
  const count = sizes.reduce((product, size) => product * size, 1)
  const isFree = spec.shape.slice(1).includes(null)
  const isRow = !isFree && sizes.slice(0, -1).every(size => size === 1)
  if (!isRow || count === 0 || count > mostSingle) return textField(spec)
  const row = rowField(spec, sizes, count)
  return spec.shape[0] === null ? oneOrMany(spec, row) : row
}

/** A batch is filled in as one row, until somebody wants more. */
function oneOrMany(spec: Spec, row: RowField): Field {
  let field: Field = row
  const more = element('button', { type: 'button', class: 'more' }, 'Several rows, or a CSV file')
  const box = element('div', {}, row.element, more)
  more.addEventListener('click', () => {
    field = textField(spec, row.line())
    box.replaceChildren(field.element)
    box.querySelector('textarea')?.focus()
  })
  return { element: box, read: () => field.read() }
}

type RowField = Field & {
  /** As it would stand among several. */
  line(): string
}

function rowField(spec: Spec, sizes: readonly number[], count: number): RowField {
  const { name, dtype } = spec
  const controls = Array.from({ length: count }, (_, index) => controlOf(spec, index))
  const hint = hintOf(spec)
  const read = () =>
    nested(
      sizes,
      controls.map(control => literalOf(dtype, writtenIn(control))),
    )
  const line = () => controls.map(writtenIn).map(inLine).join(', ')
  const [only] = controls
  if (only && count === 1) {
    only.setAttribute('aria-describedby', hint.id)
    return { element: element('div', { class: 'field' }, labelled(only, name), hint), read, line }
  }
  const row = element(
    'div',
    { class: 'row' },
    ...controls.map((control, index) => labelled(control, String(index))),
  )
  const group = element(
    'fieldset',
    { class: 'field', 'aria-describedby': hint.id },
    element('legend', {}, name),
    row,
    hint,
  )
  return { element: group, read, line }
}

function textField(spec: Spec, example = exampleGrid(spec)): Field {
  const { name, shape } = spec
  const isLines = isGrid(shape)
  const hint = hintOf(spec, ` · ${wayOf(spec)}`)
  const text = element('textarea', {
    id: freshId(),
    'aria-describedby': hint.id,
    spellcheck: 'false',
    autocomplete: 'off',
    rows: '6',
  })
  text.value = isLines ? example : exampleJson(spec)
  const box = element(
    'div',
    { class: 'field' },
    element('label', { for: text.id }, name),
    text,
    ...(isLines ? [filePicker(name, text)] : []),
    hint,
  )
  return {
    element: box,
    read() {
      if (isLines) return gridJson(spec, text.value)
      JSON.parse(text.value)
      return text.value
    },
  }
}

function controlOf({ dtype }: Spec, index: number): HTMLInputElement {
  const example = exampleValue({ dtype }, index)
  if (dtype === 'BOOL') return element('input', { type: 'checkbox', checked: example === 'true' })
  return element('input', {
    type: 'text',
    value: example,
    autocomplete: 'off',
    spellcheck: 'false',
    ...(dtype === 'BYTES' ? {} : { inputmode: isWhole(dtype) ? 'numeric' : 'decimal' }),
  })
}

function writtenIn(control: HTMLInputElement): string {
  return control.type === 'checkbox' ? String(control.checked) : control.value
}

function inLine(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
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

function hintOf({ dtype, shape }: Spec, more = ''): HTMLElement {
  const sizes = shape.map(size => size ?? 'any').join(' × ')
  return element('p', { class: 'hint', id: freshId() }, `${dtype}${sizes === '' ? '' : ` · ${sizes}`}${more}`)
}

function wayOf({ shape }: Spec): string {
  if (!isGrid(shape)) return 'nested JSON array'
  return shape.length === 1 ? 'values with commas between' : 'a row per line, values with commas between'
}

/** Values in row-major order. */
function nested(sizes: readonly number[], literals: readonly string[]): string {
  const [size, ...rest] = sizes
  if (size === undefined) return literals.join()
  const each = literals.length / size
  const parts = Array.from({ length: size }, (_, at) =>
    nested(rest, literals.slice(at * each, (at + 1) * each)),
  )
  return `[${parts.join()}]`
}
