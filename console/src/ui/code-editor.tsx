import type { EditorView } from 'codemirror'
import { type ReactElement, useEffect, useRef } from 'react'
import { type EditorChoices, openEditor, setText } from './open-editor.ts'

/** Import it by `lazy`: the editor is the largest piece of the console. */
export type CodeEditorProps = EditorChoices

export default function CodeEditor({ label, value, onChange, language }: CodeEditorProps): ReactElement {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const told = useRef(onChange)
  told.current = onChange
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changes afterwards is handed in below
  useEffect(() => {
    if (!place.current) return
    const onChange = (text: string) => told.current(text)
    const editor = openEditor(place.current, { label, value, language, onChange })
    view.current = editor
    return () => editor.destroy()
  }, [label, language])
  useEffect(() => {
    if (view.current) setText(view.current, value)
  }, [value])
  return (
    <div ref={place} className="overflow-hidden rounded-lg border border-edge/70 bg-raised text-[13px]" />
  )
}
