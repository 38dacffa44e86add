import type { Visibility } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { SelectField } from '../../ui/field.tsx'
import { isVisibility, visibilities } from './visibility.ts'

/** Who may see and call a model. */
export function VisibilityField({
  value,
  onChange,
}: {
  value: Visibility
  onChange: (value: Visibility) => void
}): ReactElement {
  return (
    <SelectField
      label="Who may see and call it"
      value={value}
      onChange={({ target }) => {
        if (isVisibility(target.value)) onChange(target.value)
      }}
    >
      {Object.entries(visibilities).map(([name, { inWords }]) => (
        <option key={name} value={name}>
          {inWords}
        </option>
      ))}
    </SelectField>
  )
}
