import type { Client, Model } from '@roundhouse/sdk'
import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, type ReactElement, useCallback, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { examplesOf } from '../../predict/example.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { readObject } from './json-object.ts'
import { ModelField, useCallableModels } from './model-field.tsx'
import { PriorityField } from './priority-field.tsx'

const CodeEditor = lazy(() => import('../../ui/code-editor.tsx'))

/** A prediction that is made when there is time for it. */
export function PredictionForm({ modelId }: { modelId: string | undefined }): ReactElement {
  const { models, isPending, error } = useCallableModels()
  if (error) return <ProblemNotice error={error} />
  if (isPending) return <Waiting what="the models" />
  const [first] = models
  if (!first) return <NoModel />
  return <Filled models={models} first={models.find(model => model.id === modelId) ?? first} />
}

export function NoModel(): ReactElement {
  return (
    <Empty
      title="No model is ready"
      actions={
        <Link to="/models" search={{ upload: true }} className={buttonLook('primary')}>
          Upload a model
        </Link>
      }
    >
      A prediction needs a model that is loaded.
    </Empty>
  )
}

function Filled({ models, first }: { models: readonly Model[]; first: Model }): ReactElement {
  const navigate = useNavigate()
  const [model, setModel] = useState(first)
  const [text, setText] = useState(() => exampleOf(first))
  const [priority, setPriority] = useState(0)
  const [wrong, setWrong] = useState<string>()
  const start = useApiChange(
    (client, input: Record<string, unknown>) =>
      client.jobs.create({ model_id: model.id, input_data: input, priority }),
    ['jobs', 'credits'],
  )
  const call = useCallback(
    (client: Client) => {
      const { value } = readObject(text)
      return client.jobs.create({ model_id: model.id, input_data: value ?? {}, priority })
    },
    [model.id, text, priority],
  )
  const send = async () => {
    const { value, problem } = readObject(text)
    setWrong(problem)
    if (!value) return
    const job = await start.mutateAsync(value)
    await navigate({ to: '/jobs/$id', params: { id: job.id } })
  }
  return (
    <form
      className="grid gap-4"
      onSubmit={event => {
        event.preventDefault()
        // What the server refused is shown below.
        send().catch(() => {})
      }}
    >
      <div className="grid gap-4 sm:grid-cols-[1fr_9rem]">
        <ModelField
          models={models}
          value={model.id}
          onChange={id => {
            const next = models.find(one => one.id === id) ?? model
            setModel(next)
            setText(exampleOf(next))
          }}
        />
        <PriorityField value={priority} onChange={setPriority} />
      </div>
      <div>
        <p className="mb-1 text-[13px] font-medium">Inputs</p>
        <CodeEditor label="Inputs as JSON" language="json" value={text} onChange={setText} />
        {wrong !== undefined && <p className="mt-1 text-[13px] text-bad">{wrong}</p>}
      </div>
      {start.error && <ProblemNotice error={start.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <CopyAsCurl call={call} />
        <Button look="primary" type="submit" busy={start.isPending && 'Starting…'}>
          Start the job
        </Button>
      </div>
    </form>
  )
}

/** An input a line, as far as it goes: a picture has hundreds of values. */
function exampleOf({ input_schema: inputs, metadata }: Model): string {
  const values = Object.entries(examplesOf(inputs ?? [], metadata))
  const lines = values.map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{\n${lines.join(',\n')}\n}`
}
