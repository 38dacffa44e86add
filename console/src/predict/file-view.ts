import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { freshId } from './fresh-id.ts'
import type { InputView } from './input-view.ts'
import { columnsOf, tableJson } from './table.ts'
import { cellsOf, isList, isValue, isValues, readExact, readRaw, type Value } from './values.ts'

/** One call takes no more; a batch job takes any size. */
const mostFileBytes = 16 * 1024 * 1024

/** A whole batch from a JSON or CSV file, of which only the size is shown. */
export function fileView(inputs: readonly TensorSpecBody[]): InputView {
  const said = element('p', { class: 'hint', role: 'status', id: freshId() }, waysOf(inputs))
  const fault = element('p', { class: 'fault', id: freshId(), hidden: true })
  const input = element('input', {
    type: 'file',
    id: freshId(),
    accept: '.json,.csv,.tsv,.txt,application/json,text/csv,text/plain',
    'aria-describedby': `${said.id} ${fault.id}`,
  })
  let json: string | undefined
  const complain = (sentence: string | undefined) => {
    fault.textContent = sentence ?? ''
    fault.hidden = sentence === undefined
    return sentence !== undefined
  }
  input.addEventListener('change', async () => {
    const [file] = input.files ?? []
    json = undefined
    complain(undefined)
    if (!file) return
    try {
      if (file.size > mostFileBytes) throw new Error('More than 16 MiB: send it as a batch job.')
      const text = await file.text()
      json = /^\s*[[{]/.test(text) ? inputDataOf(inputs, text) : tableJson(inputs, text)
      said.textContent = `${file.name}: ${samplesIn(json)}`
      input.dispatchEvent(new Event('input', { bubbles: true }))
    } catch (error) {
      complain(`${file.name}: ${error instanceof Error ? error.message : error}`)
    }
  })
  return {
    element: element(
      'div',
      { class: 'field' },
      element('label', { for: input.id }, 'JSON or CSV file'),
      input,
      said,
      fault,
    ),
    // What was filled in elsewhere is no file.
    fill: () => {},
    read() {
      if (json === undefined) throw new Error('Choose a file first.')
      return json
    },
    complain,
  }
}

/** Of `{"input_data": {…}}`, `{"<input>": …}`, or the array of the one input. */
function inputDataOf(inputs: readonly TensorSpecBody[], text: string): string {
  const whole = readRaw(text)
  const [only] = inputs
  if (Array.isArray(whole)) {
    if (!only || inputs.length > 1)
      throw new Error(`Name the inputs: {"${inputs.map(({ name }) => name).join('": …, "')}": …}.`)
    return `{${JSON.stringify(only.name)}:${text}}`
  }
  const inner: unknown = Object.getOwnPropertyDescriptor(whole, 'input_data')?.value
  return inner === undefined ? text : JSON.stringify(inner)
}

function samplesIn(json: string): string {
  const values = readExact(json)
  const [first] = isValues(values) ? Object.values(values) : []
  if (first === undefined || !isValue(first)) return 'read'
  return `${sized(first, 'sample')}, ${cellsOf(first).length} values in the first input`
}

function sized(value: Value, one: string): string {
  const size = isList(value) ? value.length : 1
  return `${size} ${one}${size === 1 ? '' : 's'}`
}

function waysOf(inputs: readonly TensorSpecBody[]): string {
  const json = `JSON: {"${inputs[0]?.name ?? 'input'}": …}`
  return columnsOf(inputs) ? `${json}, or CSV: a sample per line.` : `${json}.`
}
