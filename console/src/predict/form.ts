import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { choice } from './choice.ts'
import { csvView } from './csv-view.ts'
import { fieldsView } from './fields-view.ts'
import { fileView } from './file-view.ts'
import { imageOf } from './image.ts'
import type { InputView } from './input-view.ts'
import { jsonView, type TextEditor } from './json-view.ts'
import { columnsOf } from './table.ts'
import { isValues, readExact, type Values } from './values.ts'

type Inputs = readonly TensorSpecBody[]

export type InputMode = 'Form' | 'Image' | 'CSV' | 'JSON' | 'File'

export type PredictForm = {
  readonly element: HTMLElement
  /** JSON of `input_data`; what is wrong is said in place too. @throws Error for who filled it in. */
  read(): string
  /** As `read`, saying nothing in place. @throws Error */
  peek(): string
  complain(sentence: string | undefined): boolean
}

export type FormChoices = {
  examples: Values
  mode?: InputMode | undefined
  onMode?: (mode: InputMode) => void
  /** In place of a plain text field for JSON. */
  editor?: TextEditor
}

/** What a model takes can be filled in by these. */
export function inputModes(inputs: Inputs): InputMode[] {
  return [
    'Form',
    ...(inputs.some(({ shape }) => imageOf(shape)) ? (['Image'] as const) : []),
    ...(columnsOf(inputs) ? (['CSV'] as const) : []),
    'JSON',
    'File',
  ]
}

/** A form made from what a model takes, filled in with an example. What was filled in one way is there in the next. */
export function createForm(inputs: Inputs, { examples, mode, onMode, editor }: FormChoices): PredictForm {
  const views = new Map<InputMode, InputView>()
  const modes = inputModes(inputs)
  const bar = choice('Input as', modes, mode && modes.includes(mode) ? mode : 'Form', show)
  const place = element('div', { class: 'place' })
  let current = viewOf(bar.chosen())
  place.append(current.element)

  function viewOf(chosen: InputMode): InputView {
    const view = views.get(chosen) ?? make(chosen)
    views.set(chosen, view)
    return view
  }

  function make(chosen: InputMode): InputView {
    if (chosen === 'JSON') return jsonView(inputs, examples, editor)
    if (chosen === 'CSV') return csvView(inputs, examples)
    return chosen === 'File'
      ? fileView(inputs)
      : fieldsView(inputs, { examples, isDrawn: chosen === 'Image' })
  }

  function show(chosen: InputMode): void {
    const written = writtenIn(current)
    current.complain(undefined)
    current = viewOf(chosen)
    if (written) current.fill(written)
    place.replaceChildren(current.element)
    onMode?.(chosen)
    place.dispatchEvent(new Event('input', { bubbles: true }))
  }

  return {
    element: element(
      'div',
      { class: 'predict' },
      element('div', { class: 'head' }, element('h2', {}, 'Inputs'), bar.element),
      place,
    ),
    read() {
      current.complain(undefined)
      try {
        return current.read()
      } catch (error) {
        current.complain(error instanceof Error ? error.message : String(error))
        throw error
      }
    },
    peek: () => current.read(),
    complain: sentence => current.complain(sentence),
  }
}

/** What is half written is nothing yet. */
function writtenIn(view: InputView): string | undefined {
  try {
    const json = view.read()
    return isValues(readExact(json)) ? json : undefined
  } catch {
    return undefined
  }
}
