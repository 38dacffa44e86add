import { type ReactElement, useState } from 'react'
import { type FieldProps, TextField } from '../../../ui/field.tsx'

/** Names that are separated by commas; undefined where there is none. */
export function ListField({
  value,
  onChange,
  placeholder,
  ...rest
}: FieldProps & {
  value: unknown
  onChange: (value: string[] | undefined) => void
  placeholder?: string
}): ReactElement {
  // As it was typed: a comma at the end is not taken away while one goes on.
  const [text, setText] = useState(() => (Array.isArray(value) ? value.join(', ') : ''))
  return (
    <TextField
      {...rest}
      {...(placeholder !== undefined && { placeholder })}
      value={text}
      spellCheck={false}
      className="font-mono"
      onChange={event => {
        setText(event.target.value)
        const names = event.target.value
          .split(/[,\n]/)
          .map(name => name.trim())
          .filter(Boolean)
        onChange(names.length === 0 ? undefined : names)
      }}
    />
  )
}
