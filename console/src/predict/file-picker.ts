import { element } from '../chat/element.ts'
import { freshId } from './fresh-id.ts'

/** A text field becomes slow with more. */
const mostFileBytes = 1024 * 1024

/** Fills a text field from a file. */
export function filePicker(name: string, text: HTMLTextAreaElement): HTMLElement {
  const input = element('input', {
    type: 'file',
    id: freshId(),
    accept: '.csv,.tsv,.txt,text/csv,text/plain',
  })
  const said = element('span', { class: 'hint', role: 'status' })
  input.addEventListener('change', async () => {
    const [file] = input.files ?? []
    if (!file) return
    if (file.size > mostFileBytes) {
      said.textContent = `${file.name} is larger than 1 MB: send it as a batch job.`
      return
    }
    text.value = await file.text()
    text.dispatchEvent(new Event('input', { bubbles: true }))
    said.textContent = `${file.name}: ${text.value.trim().split('\n').length} lines`
  })
  return element(
    'div',
    { class: 'file' },
    element('label', { for: input.id }, 'CSV file', element('span', { class: 'unseen' }, ` for ${name}`)),
    input,
    said,
  )
}
