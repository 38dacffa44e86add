import type { Run } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { SelectField } from '../../ui/field.tsx'
import { runStatuses } from './run-words.ts'

export function StatusFilter({
  value,
  onChange,
}: {
  value: Run['status'] | undefined
  onChange: (status: Run['status'] | undefined) => void
}): ReactElement {
  return (
    <div className="w-44">
      <SelectField
        label="State"
        hideLabel
        value={value ?? ''}
        onChange={event => onChange(runStatuses.find(status => status === event.target.value))}
      >
        <option value="">All states</option>
        {runStatuses.map(status => (
          <option key={status}>{status}</option>
        ))}
      </SelectField>
    </div>
  )
}
