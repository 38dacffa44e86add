import type { RichText } from '../../../predict/json-view.ts'
import { markLine, openEditor, setText } from '../../../ui/open-editor.ts'

/** Lays the editor over a text field, which stays what is read. */
export function richJson(text: HTMLTextAreaElement, label: string): RichText {
  const place = document.createElement('div')
  place.className = 'overflow-hidden rounded-lg border border-edge/70 bg-raised text-[13px]'
  text.hidden = true
  text.after(place)
  const editor = openEditor(place, {
    label,
    value: text.value,
    language: 'json',
    onChange(written) {
      text.value = written
      text.dispatchEvent(new Event('input', { bubbles: true }))
    },
  })
  return {
    set: written => setText(editor, written),
    mark: (line, sentence) => markLine(editor, line, sentence),
  }
}
