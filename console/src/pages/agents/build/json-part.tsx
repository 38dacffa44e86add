import { lazy, type ReactElement, Suspense, useState } from 'react'
import { Section, Waiting } from '../../../ui/page.tsx'
import { readJson } from '../../../ui/read-json.ts'
import { Notice } from '../../../ui/state.tsx'
import { readDraft } from './draft.ts'
import { useEditor } from './editor.ts'

const CodeEditor = lazy(() => import('../../../ui/code-editor.tsx'))

export function JsonPart(): ReactElement {
  const { draft, replace, fault } = useEditor()
  const [text, setText] = useState(() => JSON.stringify(draft, null, 2))
  const [wrong, setWrong] = useState<string>()
  const change = (next: string) => {
    setText(next)
    const json = readJson(next)
    if (json.fault !== undefined) return setWrong(json.fault)
    const read = readDraft(json.value)
    if ('fault' in read) return setWrong(read.fault)
    setWrong(undefined)
    replace(read.draft)
  }
  return (
    <Section
      title="JSON"
      about="The whole draft, also what the other parts do not know. What is changed here is changed there; it is stored when you save."
    >
      <div className="grid gap-3">
        {wrong !== undefined && (
          <div role="alert">
            <Notice tone="bad">{wrong} Until this is right, what was there before counts.</Notice>
          </div>
        )}
        {wrong === undefined && fault && (
          <Notice tone="bad">
            {fault.path.join('.')}: {fault.message}
          </Notice>
        )}
        <Suspense fallback={<Waiting what="the editor" />}>
          <CodeEditor label="Configuration as JSON" value={text} onChange={change} language="json" />
        </Suspense>
      </div>
    </Section>
  )
}
