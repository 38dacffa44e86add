import { Link, type LinkProps } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { classes } from '../../ui/class-names.ts'

type Step = { title: string; about: string; isDone: boolean; link: LinkProps }

/** What to do on the first day; gone when all of it is done. */
export function FirstSteps({
  sampleId,
  hasTried,
  hasModel,
}: {
  sampleId: string | undefined
  hasTried: boolean
  hasModel: boolean
}): ReactElement | null {
  const agents = useApi(['agents', 'any'], (client, options) => client.agents.list({ limit: 1, ...options }))
  if (!agents.data) return null
  const steps: Step[] = [
    {
      title: 'Try the sample model',
      about: 'It reads a handwritten digit. The form is filled in: press Run.',
      isDone: hasTried,
      link: sampleId === undefined ? { to: '/models' } : { to: '/models/$id', params: { id: sampleId } },
    },
    {
      title: 'Upload your own model',
      about: 'Drop an .onnx file. Inputs and outputs are read from it.',
      isDone: hasModel,
      link: { to: '/models', search: { upload: true } },
    },
    {
      title: 'Make an agent',
      about: 'Begin with a template. It answers without any key, by the built-in demo.',
      isDone: agents.data.data.length > 0,
      link: { to: '/agents', search: { new: true } },
    },
  ]
  const done = steps.filter(({ isDone }) => isDone).length
  if (done === steps.length) return null
  return (
    <section aria-label="First steps" className="mb-4 rounded-xl border border-line bg-raised p-4 sm:p-5">
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-x-3">
        <h2 className="text-[15px] font-semibold">First steps</h2>
        <span className="text-[13px] text-quiet">
          {done} of {steps.length} done
        </span>
      </div>
      <ol className="grid grid-cols-1 gap-3 md:grid-cols-3">
        {steps.map((step, i) => (
          <StepCard
            key={step.title}
            step={step}
            number={i + 1}
            isNext={i === steps.findIndex(one => !one.isDone)}
          />
        ))}
      </ol>
    </section>
  )
}

function StepCard({ step, number, isNext }: { step: Step; number: number; isNext: boolean }): ReactElement {
  const { title, about, isDone, link } = step
  return (
    <li
      className={classes(
        'relative flex gap-3 rounded-lg border p-3 hover:border-edge',
        isNext ? 'border-accent bg-wash' : 'border-line',
      )}
    >
      <span
        aria-hidden="true"
        className={classes(
          'flex size-6 shrink-0 items-center justify-center rounded-full text-xs font-semibold tabular',
          isDone ? 'bg-good-wash text-good' : isNext ? 'bg-accent text-on-accent' : 'bg-sunken text-quiet',
        )}
      >
        {isDone ? <Check className="size-3.5" /> : number}
      </span>
      <div className="min-w-0">
        <Link {...link} className="text-sm font-medium after:absolute after:inset-0 after:rounded-lg">
          {title}
          {isDone && <span className="sr-only">, done</span>}
        </Link>
        <p className="mt-0.5 text-[13px] text-quiet">{about}</p>
      </div>
    </li>
  )
}
