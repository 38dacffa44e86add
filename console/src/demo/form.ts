import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { choice } from './choice.ts'
import { inputField } from './field.ts'
import { freshId } from './fresh-id.ts'

export type PredictForm = {
  readonly element: HTMLFormElement
  /** JSON of `input_data`. @throws Error for who filled it in. */
  read(): string
  wantsFresh(): boolean
  setBusy(isBusy: boolean): void
}

/** A form made from what a model takes; JSON for those who would rather write it. */
export function createForm(inputs: readonly TensorSpecBody[]): PredictForm {
  const fields = inputs.map(spec => ({ name: spec.name, ...inputField(spec) }))
  const read = () =>
    `{${fields
      .map(({ name, read }) => {
        try {
          return `${JSON.stringify(name)}:${read()}`
        } catch (error) {
          throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
        }
      })
      .join()}}`

  const json = element('textarea', { id: freshId(), spellcheck: 'false', autocomplete: 'off', rows: '12' })
  const jsonBox = element(
    'div',
    { class: 'field', hidden: true },
    element('label', { for: json.id }, 'input_data'),
    json,
  )
  const formBox = element('div', { class: 'fields' }, ...fields.map(field => field.element))
  const mode = choice('Input as', ['Form', 'JSON'], chosen => {
    // What was filled in is where one goes on.
    if (chosen === 'JSON') json.value = written() ?? json.value
    jsonBox.hidden = chosen !== 'JSON'
    formBox.hidden = chosen === 'JSON'
  })

  function written(): string | undefined {
    try {
      return JSON.stringify(JSON.parse(read()), null, 1).replaceAll(
        /\[\s+([^[\]{}]*?)\s+\]/g,
        (_all, items: string) => `[${items.split(/\n\s*/).join(' ')}]`,
      )
    } catch {
      return undefined
    }
  }

  const fresh = element('input', { type: 'checkbox', id: freshId() })
  const submit = element('button', { type: 'submit' }, 'Predict')
  const form = element(
    'form',
    { 'aria-label': 'Inputs', novalidate: true },
    element('div', { class: 'head' }, element('h2', {}, 'Inputs'), mode.element),
    formBox,
    jsonBox,
    element(
      'div',
      { class: 'send' },
      submit,
      element('div', { class: 'check' }, fresh, element('label', { for: fresh.id }, 'Not from the cache')),
    ),
  )
  return {
    element: form,
    read() {
      if (mode.chosen() === 'Form') return read()
      JSON.parse(json.value)
      return json.value
    },
    wantsFresh: () => fresh.checked,
    setBusy(isBusy) {
      submit.disabled = isBusy
      submit.textContent = isBusy ? 'Predicting…' : 'Predict'
    },
  }
}
