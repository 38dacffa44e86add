import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { filePicker } from './file-picker.ts'
import { freshId } from './fresh-id.ts'
import type { InputView } from './input-view.ts'
import { columnsOf, tableJson, tableText } from './table.ts'
import { isValues, readExact, type Values } from './values.ts'

/** A sample per line, all inputs side by side. */
export function csvView(inputs: readonly TensorSpecBody[], examples: Values): InputView {
  const columns = columnsOf(inputs)?.map(({ name }) => name) ?? []
  const hint = element(
    'p',
    { class: 'hint', id: freshId() },
    `A sample per line. Columns: ${shortList(columns)}.`,
  )
  const fault = element('p', { class: 'fault', id: freshId(), hidden: true })
  const text = element('textarea', {
    id: freshId(),
    'aria-describedby': `${hint.id} ${fault.id}`,
    spellcheck: 'false',
    autocomplete: 'off',
    wrap: 'off',
    rows: '10',
  })
  text.value = tableText(inputs, examples) ?? ''
  return {
    element: element(
      'div',
      { class: 'field' },
      element('label', { for: text.id }, 'Samples'),
      text,
      filePicker('all inputs', text),
      hint,
      fault,
    ),
    fill(json) {
      const values = readExact(json)
      if (isValues(values)) text.value = tableText(inputs, values) ?? text.value
    },
    read: () => tableJson(inputs, text.value),
    complain(sentence) {
      fault.textContent = sentence ?? ''
      fault.hidden = sentence === undefined
      text.setAttribute('aria-invalid', String(sentence !== undefined))
      return sentence !== undefined
    },
  }
}

function shortList(names: readonly string[]): string {
  return names.length <= 6
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} to ${names.at(-1)} (${names.length})`
}
