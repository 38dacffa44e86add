import { element } from '../chat/element.ts'
import { choice } from './choice.ts'
import { snippets } from './snippets.ts'

/** The same call as code; `show` says what is sent. */
export function codeView(model: { id: string; isOpen: boolean }): {
  element: HTMLElement
  show(input: string): void
} {
  const code = element('code')
  const block = element('pre', { tabindex: '0', 'aria-label': 'The same call as code' }, code)
  let input = '{}'
  const language = choice('Language', ['curl', 'TypeScript', 'Python'], write)

  function write(): void {
    code.textContent = snippets({ origin: location.origin, ...model, input })[language.chosen()]
  }

  const copy = element('button', { type: 'button', class: 'quiet' }, 'Copy')
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
      { class: 'code', 'aria-label': 'The same call as code' },
      element('div', { class: 'head' }, element('h2', {}, 'The same call'), language.element),
      element('div', { class: 'block' }, block, copy),
    ),
    show(next) {
      input = next
      write()
    },
  }
}
