import type { ReactElement } from 'react'
import { CheckField } from '../../../ui/field.tsx'
import { NumberField } from '../../../ui/number-field.tsx'
import { Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'

const limits = [
  ['max_steps', 'Steps', 'Questions to the model, with the tools between them.'],
  ['max_total_tokens', 'Tokens', 'Of the whole run, in and out.'],
  ['max_seconds', 'Seconds', 'From its beginning; waiting for a person counts.'],
  ['max_credits', 'Credits', 'What a run may cost at most; no less than its price.'],
] as const

export function LimitsPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const price = faultAt(fault, 'price')
  return (
    <>
      <Section
        title="Limits of a run"
        about="Where a run ends by itself, with what it has by then. Empty: the server decides."
      >
        <div className="grid max-w-2xl gap-4 sm:grid-cols-2">
          {limits.map(([name, label, hint]) => {
            const error = faultAt(fault, 'limits', name)
            return (
              <NumberField
                key={name}
                label={label}
                hint={hint}
                value={draft.limits[name]}
                onChange={value => {
                  const { [name]: _before, ...rest } = draft.limits
                  set('limits', value === null ? rest : { ...rest, [name]: value })
                }}
                min={0}
                step={1}
                placeholder="no limit of its own"
                {...(error !== undefined && { error })}
              />
            )
          })}
        </div>
      </Section>
      <Section title="Price and place">
        <div className="grid max-w-2xl gap-4">
          <NumberField
            label="Price (credits per run)"
            value={draft.price}
            onChange={value => set('price', value ?? 0)}
            min={0}
            step={1}
            hint="Beside what its tokens and tools cost."
            {...(price !== undefined && { error: price })}
          />
          <CheckField
            label="Heavy: workers run it"
            checked={draft.is_heavy}
            onChange={event => set('is_heavy', event.target.checked)}
            hint="For work of minutes and hours: it begins when a worker is free, has no time limit of a request, and survives the end of a process. Light runs go to a worker by themselves when they take long."
          />
        </div>
      </Section>
    </>
  )
}
