import type { Client, ReportTemplates, Visibility } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import { lazy, type ReactElement, Suspense, useCallback, useEffect, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Progress } from '../../ui/progress.tsx'
import { toast } from '../../ui/toast.ts'
import { readObject } from '../jobs/json-object.ts'

const CodeEditor = lazy(() => import('../../ui/code-editor.tsx'))
const visibilities = ['private', 'users', 'public'] as const

/** Fills a template: the example stands there at first. */
export function MakeReport({
  template,
  onClose,
}: {
  template: ReportTemplates['data'][number]
  onClose: () => void
}): ReactElement {
  const navigate = useNavigate()
  const [text, setText] = useState(() => JSON.stringify(template.example, null, 2))
  const [title, setTitle] = useState('')
  const [visibility, setVisibility] = useState<Visibility>('private')
  const [wrong, setWrong] = useState<string>()
  const wish = useCallback(
    (data: Record<string, unknown>) => ({
      template: template.name,
      version: template.version,
      data,
      visibility,
      ...(title.trim() !== '' && { title: title.trim() }),
    }),
    [template.name, template.version, visibility, title],
  )
  const make = useApiChange(
    (client, data: Record<string, unknown>) => client.reports.create(wish(data)),
    ['reports', 'files', 'credits'],
  )
  const call = useCallback(
    (client: Client) => client.reports.create(wish(readObject(text).value ?? {})),
    [wish, text],
  )
  const send = async () => {
    const { value, problem } = readObject(text)
    setWrong(problem)
    if (!value) return
    const { id, missing_characters: missing } = await make.mutateAsync(value)
    if (missing.length > 0)
      void toast(`No font has these characters, they print as boxes: ${missing.join(' ')}`)
    await navigate({ to: '/reports/$id', params: { id } })
  }
  return (
    <Dialog title={`Make a report from ${template.name}`} wide onClose={onClose}>
      <form
        className="grid grid-cols-[minmax(0,1fr)] gap-4"
        onSubmit={event => {
          event.preventDefault()
          // What the server refused is shown below.
          send().catch(() => {})
        }}
      >
        <div className="grid gap-4 sm:grid-cols-[1fr_12rem]">
          <TextField
            label="Title in lists"
            value={title}
            onChange={event => setTitle(event.target.value)}
            maxLength={200}
            placeholder="That of the data"
          />
          <SelectField
            label="Visibility"
            value={visibility}
            onChange={({ target }) =>
              setVisibility(visibilities.find(one => one === target.value) ?? 'private')
            }
          >
            <option value="private">private: you alone</option>
            <option value="users">users: all who sign in</option>
            <option value="public">public: everyone</option>
          </SelectField>
        </div>
        <div>
          <p className="mb-1 text-[13px] font-medium">Data</p>
          <Suspense fallback={<Waiting what="the editor" />}>
            <CodeEditor label="Data as JSON" language="json" value={text} onChange={setText} />
          </Suspense>
          {wrong !== undefined && <p className="mt-1 text-[13px] text-bad">{wrong}</p>}
        </div>
        <details className="text-sm">
          <summary className="text-quiet">What the data may hold (JSON Schema)</summary>
          <CodeBlock
            className="mt-2"
            label="JSON Schema of the data"
            code={JSON.stringify(template.schema, null, 2)}
          />
        </details>
        {make.isPending && <Making />}
        {make.error && <ProblemNotice error={make.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <CopyAsCurl call={call} />
          <Button look="primary" type="submit" busy={make.isPending && 'Making the PDF…'}>
            Make the report
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** It has no total: it waits for its turn, is set, and stored. */
function Making(): ReactElement {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setSeconds(before => before + 1), 1000)
    return () => clearInterval(timer)
  }, [])
  return (
    <div className="grid gap-1">
      <p className="text-[13px] text-quiet tabular">Waiting, setting, storing: {seconds} s of at most 65</p>
      <Progress label="Making the report" done={0} total={null} />
    </div>
  )
}
