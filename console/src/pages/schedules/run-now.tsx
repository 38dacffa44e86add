import type { Client, Task } from '@roundhouse/sdk'
import { lazy, type ReactElement, Suspense, useCallback, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import { readObject } from '../jobs/json-object.ts'

const CodeEditor = lazy(() => import('../../ui/code-editor.tsx'))

/** Runs a task by hand, with what it is given: the range of a backfill. */
export function RunNow({ task, onClose }: { task: Task; onClose: () => void }): ReactElement {
  const [text, setText] = useState('{}')
  const [wrong, setWrong] = useState<string>()
  const run = useApiChange(
    (client, input: Record<string, unknown>) => client.tasks.run(task.name, { input }),
    ['tasks', 'jobs'],
  )
  const call = useCallback(
    (client: Client) => client.tasks.run(task.name, { input: readObject(text).value ?? {} }),
    [task.name, text],
  )
  const send = async () => {
    const { value, problem } = readObject(text)
    setWrong(problem)
    if (!value) return
    await run.mutateAsync(value)
    void toast(`${task.name} was begun.`)
    onClose()
  }
  return (
    <Dialog title={`Run ${task.name} now`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          // What the server refused is shown below.
          send().catch(() => {})
        }}
      >
        <div>
          <p className="mb-1 text-[13px] font-medium">Parameters</p>
          <Suspense fallback={<Waiting what="the editor" />}>
            <CodeEditor label="Parameters as JSON" language="json" value={text} onChange={setText} />
          </Suspense>
          {wrong === undefined ? (
            <p className="mt-1 text-[13px] text-quiet">
              What the task reads as <code className="font-mono">input</code>; {'{}'} is what its schedule
              gives it.
            </p>
          ) : (
            <p className="mt-1 text-[13px] text-bad">{wrong}</p>
          )}
        </div>
        {run.error && <ProblemNotice error={run.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <CopyAsCurl call={call} />
          <Button look="primary" type="submit" busy={run.isPending && 'Beginning…'}>
            Run now
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
