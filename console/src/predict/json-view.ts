import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { freshId } from './fresh-id.ts'
import { type InputView, isAbout } from './input-view.ts'
import { readRaw, type Values } from './values.ts'

/** `mark` shows a sentence at a line, counted from 1. */
export type RichText = { set(text: string): void; mark(line: number, sentence: string | undefined): void }

/** Takes the place of a text field, and keeps it true. */
export type TextEditor = (text: HTMLTextAreaElement, label: string) => Promise<RichText>

/** `input_data` as it is sent. */
export function jsonView(
  inputs: readonly TensorSpecBody[],
  examples: Values,
  editor?: TextEditor,
): InputView {
  const fault = element('p', { class: 'fault', id: freshId(), hidden: true })
  const text = element('textarea', {
    id: freshId(),
    spellcheck: 'false',
    autocomplete: 'off',
    rows: '12',
    'aria-describedby': fault.id,
  })
  const label = element('label', { for: text.id }, 'input_data')
  let rich: RichText | undefined
  const fill = (json: string) => {
    text.value = readable(json)
    rich?.set(text.value)
  }
  fill(JSON.stringify(examples))
  void editor?.(text, 'input_data').then(made => {
    rich = made
    made.set(text.value)
  })
  return {
    element: element('div', { class: 'field' }, label, text, fault),
    fill,
    read() {
      try {
        JSON.parse(text.value)
      } catch (error) {
        throw new Error(sentenceOf(error, text.value), { cause: error })
      }
      return text.value
    },
    complain(sentence) {
      const about = inputs.find(({ name }) => sentence !== undefined && isAbout(sentence, name))
      const line = sentence === undefined ? 1 : (lineIn(sentence) ?? lineOf(text.value, about?.name))
      rich?.mark(line ?? 1, sentence)
      fault.textContent =
        sentence === undefined ? '' : sentence.replace(/^(?!Line \d)/, line ? `Line ${line}: ` : '')
      fault.hidden = sentence === undefined
      return sentence !== undefined
    },
  }
}

/** A row to a line. */
function readable(json: string): string {
  return JSON.stringify(readRaw(json), null, 1).replaceAll(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (_all, items: string) => `[${items.split(/\n\s*/).join(' ')}]`,
  )
}

function sentenceOf(error: unknown, text: string): string {
  const said = error instanceof Error ? error.message : String(error)
  const position = /position (\d+)/.exec(said)?.[1]
  const line =
    position === undefined ? /line (\d+)/.exec(said)?.[1] : text.slice(0, Number(position)).split('\n').length
  return `${line === undefined ? '' : `Line ${line}: `}${said.replace(/ (in JSON )?at (position|line) .*$/, '')}.`
}

function lineIn(sentence: string): number | undefined {
  const line = /^Line (\d+): /.exec(sentence)?.[1]
  return line === undefined ? undefined : Number(line)
}

/** Where an input is named. */
function lineOf(text: string, name: string | undefined): number | undefined {
  const at = name === undefined ? -1 : text.indexOf(JSON.stringify(name))
  return at < 0 ? undefined : text.slice(0, at).split('\n').length
}
