import { lazy, type ReactElement, Suspense, useId, useState } from 'react'
import { Waiting } from './page.tsx'
import { isJsonObject, type JsonObject, readJson } from './read-json.ts'

const CodeEditor = lazy(() => import('./code-editor.tsx'))

/** An object written as JSON; undefined where the editor is empty. What is no object stays in the editor alone. */
export function JsonField({
  label,
  value,
  onChange,
  hint,
  error,
}: {
  label: string
  value: unknown
  onChange: (value: JsonObject | undefined) => void
  hint?: string
  error?: string | undefined
}): ReactElement {
  const [text, setText] = useState(() => (isJsonObject(value) ? JSON.stringify(value, null, 2) : ''))
  const [fault, setFault] = useState<string>()
  const id = useId()
  const change = (next: string) => {
    setText(next)
    if (next.trim() === '') {
      setFault(undefined)
      return onChange(undefined)
    }
    const read = readJson(next)
    if (read.fault !== undefined)
      return setFault(`${read.fault} What was there before counts until it is right.`)
    if (!isJsonObject(read.value)) return setFault('An object in braces is wanted here.')
    setFault(undefined)
    onChange(read.value)
  }
  const wrong = fault ?? error
  return (
    <div className="grid gap-1">
      <span id={id} className="text-[13px] font-medium">
        {label}
      </span>
      <Suspense fallback={<Waiting what="the editor" />}>
        <CodeEditor label={label} value={text} onChange={change} language="json" />
      </Suspense>
      {hint !== undefined && <p className="text-[13px] text-quiet">{hint}</p>}
      {wrong !== undefined && (
        <p role="alert" className="text-[13px] text-bad">
          {wrong}
        </p>
      )}
    </div>
  )
}
