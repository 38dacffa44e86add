import { isProblem, type Model } from '@roundhouse/sdk'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Play } from 'lucide-react'
import { type KeyboardEvent, type ReactElement, useEffect, useId, useMemo, useRef, useState } from 'react'
import { codeView } from '../../../predict/code.ts'
import { examplesOf } from '../../../predict/example.ts'
import { createForm, type InputMode } from '../../../predict/form.ts'
import { readRaw } from '../../../predict/values.ts'
import { Button } from '../../../ui/button.tsx'
import { CheckField } from '../../../ui/field.tsx'
import { credits } from '../../../ui/format.ts'
import { Card } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { visibilities } from '../visibility.ts'
import { firstMode, modeNames, nameOf } from './first-mode.ts'
import { Mount } from './mount.tsx'
import { ResultCard } from './result-card.tsx'
import { useRuns } from './use-runs.ts'
import '../../../predict/predict.css'

const route = getRouteApi('/app/models/$id/')
const many = 20

/** The form, the result and the call of a model that is ready; the same three as on its demo page. */
export function Playground({ model }: { model: Model }): ReactElement {
  const { as } = route.useSearch()
  const navigate = useNavigate({ from: '/models/$id' })
  const [skipCache, setSkipCache] = useState(false)
  const [wrong, setWrong] = useState<{ sentence: string; isInPlace: boolean }>()
  const [now, setNow] = useState('')
  const [sent, setSent] = useState('')
  const runs = useRuns(model.id)
  const tell = useRef<(mode: InputMode) => void>(() => {})
  tell.current = mode => void navigate({ to: '.', search: { as: nameOf(mode) }, replace: true })

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once for a version, whose signature never changes
  const { form, code } = useMemo(() => {
    const inputs = model.input_schema ?? []
    return {
      form: createForm(inputs, {
        examples: examplesOf(inputs, model.metadata),
        mode: as ? modeNames[as] : firstMode(model),
        onMode: mode => tell.current(mode),
        editor: async (text, label) => (await import('./rich-json.ts')).richJson(text, label),
      }),
      code: codeView({
        model: { id: model.id, name: model.name, version: model.version, inputs },
        isOpen: model.visibility === 'public' && model.price === 0,
      }),
    }
  }, [model.id])

  useEffect(() => {
    const changed = () => {
      setWrong(undefined)
      try {
        const input = form.peek()
        setNow(comparable(input))
        code.show(input)
      } catch {
        // What is half written is no call yet.
        setNow('')
      }
    }
    changed()
    form.element.addEventListener('input', changed)
    return () => form.element.removeEventListener('input', changed)
  }, [form, code])

  // What the server refused is said at the input it names.
  useEffect(() => {
    if (isProblem(runs.error)) form.complain(runs.error.message)
  }, [form, runs.error])

  const run = (times: number) => {
    setWrong(undefined)
    try {
      const input = form.read()
      runs.run({ input, skipCache, times })
      setSent(comparable(input))
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error)
      runs.forget()
      setWrong({ sentence, isInPlace: form.complain(sentence) })
    }
  }
  const isRunning = runs.running > 0
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    // Before the editor makes a line of it.
    event.preventDefault()
    event.stopPropagation()
    if (!isRunning) run(1)
  }

  return (
    <div className="grid gap-5" onKeyDownCapture={onKeyDown}>
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Card className="min-w-0">
          <Mount node={form.element} />
          <div className="mt-5 flex flex-wrap items-center gap-x-4 gap-y-3 border-t border-line pt-4">
            <Button
              look="primary"
              icon={<Play aria-hidden="true" className="size-3.5" />}
              busy={runs.running === 1 && 'Running…'}
              refused={runs.running > 1 && 'The calls are still running.'}
              onClick={() => run(1)}
              aria-keyshortcuts="Control+Enter"
              title="Ctrl Enter"
            >
              Run
            </Button>
            <Button
              busy={runs.running > 1 && `Call ${Math.min(runs.answers.length + 1, many)} of ${many}…`}
              onClick={() => run(many)}
            >
              Run {many} times{model.price > 0 && ` (${credits(model.price * many)})`}
            </Button>
            {runs.running > 1 && <Button onClick={runs.stop}>Stop</Button>}
            <CheckField
              label="Skip the cache"
              checked={skipCache}
              onChange={event => setSkipCache(event.target.checked)}
            />
          </div>
          {wrong !== undefined && (
            <p
              role="alert"
              className={wrong.isInPlace ? 'sr-only' : 'mt-3 text-sm text-bad [overflow-wrap:anywhere]'}
            >
              {wrong.sentence}
            </p>
          )}
        </Card>
        <Card className="min-w-0">
          {runs.error !== null && (
            <div className="mb-4">
              <ProblemNotice error={runs.error} />
            </div>
          )}
          <ResultCard model={model} runs={runs} isStale={now !== sent} />
        </Card>
      </div>
      <Card className="min-w-0">
        <Mount node={code.element} />
        <DemoLink model={model} />
      </Card>
    </div>
  )
}

/** The same whichever way it was written. */
function comparable(input: string): string {
  return JSON.stringify(readRaw(input))
}

function DemoLink({ model }: { model: Model }): ReactElement {
  const id = useId()
  const page = `/m/${encodeURIComponent(model.name)}`
  return (
    <p className="mt-4 text-[13px] text-quiet">
      {/* A page of the server, not of the console. */}
      <a href={page} aria-describedby={id} className="text-accent underline underline-offset-2">
        {location.origin}
        {page}
      </a>{' '}
      <span id={id}>
        is its demo page, for whoever may see the model. {visibilities[model.visibility].inWords}.
      </span>
    </p>
  )
}
