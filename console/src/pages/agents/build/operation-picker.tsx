import type { ImportedApi } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { CheckField, TextField } from '../../../ui/field.tsx'
import { counted } from '../../../ui/format.ts'
import { isJsonObject } from '../../../ui/read-json.ts'
import type { Typed } from './draft.ts'
import { HeadersField } from './headers-field.tsx'

/** Which operations of an API become tools, and what each of them sends along. */
export function OperationPicker({
  api,
  room,
  onAdd,
  onBack,
}: {
  api: ImportedApi
  room: number
  onAdd: (tools: Typed[]) => void
  onBack: () => void
}): ReactElement {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set())
  const [words, setWords] = useState('')
  const [headers, setHeaders] = useState<unknown>()
  const [asks, setAsks] = useState(true)
  const shown = api.operations.filter(({ id, path, summary }) =>
    `${id} ${path} ${summary}`.toLowerCase().includes(words.toLowerCase()),
  )
  const choose = (ids: readonly string[], isChosen: boolean) => {
    const next = new Set(chosen)
    for (const id of ids) isChosen ? next.add(id) : next.delete(id)
    setChosen(next)
  }
  const add = () =>
    onAdd(
      api.operations
        .filter(operation => chosen.has(operation.id))
        .map(({ tool }) => ({
          ...tool,
          ...(isJsonObject(headers) && { headers: { ...tool.headers, ...headers } }),
          ...(asks && tool.method !== 'GET' && { approval: true }),
        })),
    )
  const refused =
    chosen.size === 0
      ? 'Choose at least one operation.'
      : chosen.size > room && `An agent has at most 64 tools: there is room for ${Math.max(0, room)}.`
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-0 flex-1">
          <TextField
            label="Find operations"
            type="search"
            value={words}
            onChange={event => setWords(event.target.value)}
          />
        </div>
        <Button
          onClick={() =>
            choose(
              shown.map(({ id }) => id),
              true,
            )
          }
        >
          Choose all {shown.length}
        </Button>
        <Button onClick={() => setChosen(new Set())} refused={chosen.size === 0 && 'None is chosen.'}>
          Choose none
        </Button>
      </div>
      <ul
        aria-label="Operations"
        className="max-h-80 divide-y divide-line overflow-auto rounded-lg border border-line"
      >
        {shown.map(({ id, method, path, summary }) => (
          <li key={id} className="px-3.5 py-2">
            <CheckField
              label={`${method.toUpperCase()} ${path}`}
              hint={summary || id}
              checked={chosen.has(id)}
              onChange={event => choose([id], event.target.checked)}
            />
          </li>
        ))}
      </ul>
      {api.skipped.length > 0 && (
        <details className="text-[13px] text-quiet">
          <summary>{counted(api.skipped.length, 'operation')} cannot be a tool</summary>
          <ul className="mt-1 grid gap-1">
            {api.skipped.map(({ id, method, path, reason }) => (
              <li key={id}>
                <span className="font-mono">
                  {method.toUpperCase()} {path}
                </span>
                : {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
      <HeadersField label="Headers of each tool, such as its key" value={headers} onChange={setHeaders} />
      <CheckField
        label="Ask a person before what is no GET"
        checked={asks}
        onChange={event => setAsks(event.target.checked)}
        hint="Each call that may change something waits until somebody has approved it."
      />
      <div className="flex justify-end gap-2">
        <Button onClick={onBack}>Back</Button>
        <Button look="primary" onClick={add} refused={refused}>
          Add {counted(chosen.size, 'tool')}
        </Button>
      </div>
    </div>
  )
}
