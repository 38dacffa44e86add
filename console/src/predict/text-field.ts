import { element } from '../chat/element.ts'
import { type Field, notes, type Spec } from './field.ts'
import { filePicker } from './file-picker.ts'
import { freshId } from './fresh-id.ts'
import { gridJson, gridText, isGrid } from './grid.ts'
import type { Value } from './values.ts'

/** Lines of values, or JSON for what has more dimensions. */
export function textField(spec: Spec, example: Value): Field {
  const { name, shape } = spec
  const isLines = isGrid(shape)
  const { elements, describes, complain } = notes(spec, ` · ${wayOf(spec)}`)
  const text = element('textarea', {
    id: freshId(),
    'aria-describedby': describes,
    spellcheck: 'false',
    autocomplete: 'off',
    rows: '6',
  })
  const fill = (value: Value) => {
    text.value = isLines ? gridText(value) : JSON.stringify(value)
  }
  fill(example)
  const box = element(
    'div',
    { class: 'field' },
    element('label', { for: text.id }, name),
    text,
    ...(isLines ? [filePicker(name, text)] : []),
    ...elements,
  )
  return {
    element: box,
    fill,
    read() {
      if (isLines) return gridJson(spec, text.value)
      JSON.parse(text.value)
      return text.value
    },
    complain(sentence) {
      complain(sentence)
      text.setAttribute('aria-invalid', String(sentence !== undefined))
      if (sentence !== undefined) text.focus()
    },
  }
}

function wayOf({ shape }: Spec): string {
  if (!isGrid(shape)) return 'nested JSON array'
  return shape.length === 1 ? 'values with commas between' : 'a row per line, values with commas between'
}
