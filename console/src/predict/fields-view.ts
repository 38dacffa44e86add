import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { inputField } from './input-field.ts'
import { type InputView, isAbout } from './input-view.ts'
import { isValues, readExact, type Values } from './values.ts'

/** A field for each input. */
export function fieldsView(
  inputs: readonly TensorSpecBody[],
  { examples, isDrawn }: { examples: Values; isDrawn: boolean },
): InputView {
  const fields = inputs.map(spec => ({
    name: spec.name,
    ...inputField(spec, { isDrawn, example: examples[spec.name] ?? null }),
  }))
  return {
    element: element('div', { class: 'fields' }, ...fields.map(field => field.element)),
    read() {
      const parts = fields.map(({ name, read }) => {
        try {
          return `${JSON.stringify(name)}:${read()}`
        } catch (error) {
          throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
        }
      })
      return `{${parts.join()}}`
    },
    fill(json) {
      const values = readExact(json)
      if (!isValues(values)) return
      for (const field of fields) {
        const value = values[field.name]
        if (value !== undefined) field.fill(value)
      }
    },
    complain(sentence) {
      for (const field of fields) field.complain(undefined)
      const meant = sentence === undefined ? undefined : fields.find(({ name }) => isAbout(sentence, name))
      meant?.complain(
        sentence?.startsWith(`${meant.name}: `) ? sentence.slice(meant.name.length + 2) : sentence,
      )
      return meant !== undefined
    },
  }
}
