import { element } from '../chat/element.ts'
import { choice } from './choice.ts'
import { saveFile } from './save-file.ts'
import { bodyOf, type CallFacts, isInFile, type Language, languages, snippet } from './snippets.ts'

/** The same call as code; `show` says what is sent. */
export function codeView(call: Pick<CallFacts, 'model' | 'isOpen'>): {
  element: HTMLElement
  show(input: string): void
} {
  const code = element('code')
  const block = element('pre', { tabindex: '0', role: 'region', 'aria-label': 'The same call as code' }, code)
  let input = '{}'
  const language = choice<Language>('Language', languages, 'curl', write)
  const save = element('button', { type: 'button', hidden: true }, 'Save input.json')
  save.addEventListener('click', () => saveFile('input.json', bodyOf(input)))

  function write(): void {
    code.textContent = snippet(language.chosen(), { origin: location.origin, ...call, input })
    save.hidden = !isInFile(input) || language.chosen() === 'TypeScript /v2'
  }

  const copy = element('button', { type: 'button', class: 'copy' }, 'Copy')
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent ?? '')
      copy.textContent = 'Copied'
    } catch {
      getSelection()?.selectAllChildren(code)
      copy.textContent = 'Selected'
    }
    setTimeout(() => (copy.textContent = 'Copy'), 2000)
  })
  return {
    element: element(
      'section',
      { class: 'predict code', 'aria-label': 'The same call' },
      element('div', { class: 'head' }, element('h2', {}, 'The same call'), language.element),
      element('div', { class: 'block' }, block, copy),
      save,
    ),
    show(next) {
      input = next
      write()
    },
  }
}
