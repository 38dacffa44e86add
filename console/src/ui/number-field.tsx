import type { ReactElement } from 'react'
import { type FieldProps, TextField } from './field.tsx'

/** A number, or nothing: null where the field is empty. */
export function NumberField({
  value,
  onChange,
  ...rest
}: FieldProps & {
  value: unknown
  onChange: (value: number | null) => void
  min?: number
  max?: number
  step?: number | 'any'
  placeholder?: string
  disabled?: boolean
}): ReactElement {
  return (
    <TextField
      {...rest}
      type="number"
      value={typeof value === 'number' ? value : ''}
      onChange={event => {
        const number = event.target.valueAsNumber
        onChange(Number.isNaN(number) ? null : number)
      }}
      className="tabular"
    />
  )
}
