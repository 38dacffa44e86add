import type { ReactElement } from 'react'
import { NumberField } from '../../ui/number-field.tsx'
import type { ProviderDraft } from './provider-draft.ts'

/** How long it may take, and how much goes there at a time: rarely changed. */
export function ProviderTimes({
  draft,
  onChange,
}: {
  draft: ProviderDraft
  onChange: (change: Partial<ProviderDraft>) => void
}): ReactElement {
  return (
    <details className="rounded-lg border border-line px-3.5 py-2.5">
      <summary className="cursor-pointer text-[13px] font-medium">Times and calls at a time</summary>
      <div className="mt-3 grid gap-4 pb-1 sm:grid-cols-2 lg:grid-cols-4">
        {fields.map(({ name, label, usual }) => (
          <NumberField
            key={name}
            label={label}
            min={1}
            step={1}
            value={draft[name]}
            onChange={value => onChange({ [name]: value ?? usual })}
          />
        ))}
      </div>
    </details>
  )
}

const fields = [
  { name: 'maxConcurrent', label: 'Calls at a time, of each process', usual: 64 },
  { name: 'connectMs', label: 'To connect, ms', usual: 5000 },
  { name: 'firstTokenMs', label: 'To the first token, ms', usual: 60_000 },
  { name: 'idleMs', label: 'Between tokens, ms', usual: 30_000 },
] as const
