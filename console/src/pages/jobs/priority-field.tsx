import type { ReactElement } from 'react'
import { TextField } from '../../ui/field.tsx'

export function PriorityField({
  value,
  onChange,
}: {
  value: number
  onChange: (priority: number) => void
}): ReactElement {
  return (
    <TextField
      label="Priority"
      type="number"
      min={-100}
      max={100}
      step={1}
      value={value}
      onChange={event => onChange(Number(event.target.value))}
      hint="-100 to 100; higher goes first."
    />
  )
}
