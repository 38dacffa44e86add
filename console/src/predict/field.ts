import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { freshId } from './fresh-id.ts'
import type { Value } from './values.ts'

/** How one input of a model is asked for. */
export type Field = {
  readonly element: HTMLElement
  /** Its part of the JSON. @throws Error for who filled it in. */
  read(): string
  fill(value: Value): void
  /** Says in place what is wrong with it; nothing: that it is well. */
  complain(sentence: string | undefined): void
}

export type Spec = TensorSpecBody

/** What is true of an input, and below it what is wrong with what was filled in. */
export function notes(
  { dtype, shape }: Spec,
  more = '',
): { elements: [HTMLElement, HTMLElement]; describes: string; complain: Field['complain'] } {
  const sizes = shape.map(size => size ?? 'any').join(' × ')
  const hint = element(
    'p',
    { class: 'hint', id: freshId() },
    `${dtype}${sizes === '' ? '' : ` · ${sizes}`}${more}`,
  )
  const fault = element('p', { class: 'fault', id: freshId(), hidden: true })
  return {
    elements: [hint, fault],
    describes: `${hint.id} ${fault.id}`,
    complain(sentence) {
      fault.textContent = sentence ?? ''
      fault.hidden = sentence === undefined
    },
  }
}
