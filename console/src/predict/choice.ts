import { element } from '../chat/element.ts'
import { freshId } from './fresh-id.ts'

/** One of a few, as radio buttons that look like one bar; keys and readers know them. */
export function choice<Name extends string>(
  label: string,
  names: readonly Name[],
  chosen: Name,
  changed: (chosen: Name) => void,
): { readonly element: HTMLElement; chosen(): Name } {
  const group = freshId()
  let current = chosen
  const options = names.flatMap(name => {
    const id = freshId()
    const input = element('input', { type: 'radio', name: group, id, checked: name === chosen })
    // Choosing a view changes nothing that is filled in.
    input.addEventListener('input', event => event.stopPropagation())
    input.addEventListener('change', () => {
      current = name
      changed(name)
    })
    return [input, element('label', { for: id }, name)]
  })
  const bar = element(
    'fieldset',
    { class: 'choice' },
    element('legend', { class: 'unseen' }, label),
    ...options,
  )
  return { element: bar, chosen: () => current }
}
