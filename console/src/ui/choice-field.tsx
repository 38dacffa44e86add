import { type ReactElement, useState } from 'react'
import { type FieldProps, SelectField, TextField } from './field.tsx'

export type Choice = { value: string; label: string }
export type ChoiceGroup = { label: string; choices: readonly Choice[] }

const other = '\u0000other'

/** One of what there is, or another name that is typed: what is known here need not be all there is. */
export function ChoiceField({
  label,
  value,
  onChange,
  groups,
  none,
  otherLabel = 'Another name…',
  hint,
  error,
  hideLabel = false,
  disabled,
}: FieldProps & {
  value: string
  onChange: (value: string) => void
  /** Those without choices are left out. */
  groups: readonly ChoiceGroup[]
  /** What the empty choice says. */
  none?: string
  otherLabel?: string
  disabled?: boolean
}): ReactElement {
  const [isTyping, setTyping] = useState(false)
  const isKnown = value === '' || groups.some(group => group.choices.some(choice => choice.value === value))
  const isOther = isTyping || !isKnown
  return (
    <div className="grid gap-1.5">
      <SelectField
        label={label}
        hideLabel={hideLabel}
        value={isOther ? other : value}
        {...(disabled && { disabled })}
        onChange={event => {
          setTyping(event.target.value === other)
          if (event.target.value !== other) onChange(event.target.value)
        }}
        {...(!isOther && error !== undefined && { error })}
        {...(!isOther && hint !== undefined && { hint })}
      >
        {(none !== undefined || value === '') && <option value="">{none ?? 'Choose…'}</option>}
        {groups
          .filter(group => group.choices.length > 0)
          .map(group => (
            <optgroup key={group.label} label={group.label}>
              {group.choices.map(choice => (
                <option key={choice.value} value={choice.value}>
                  {choice.label}
                </option>
              ))}
            </optgroup>
          ))}
        <option value={other}>{otherLabel}</option>
      </SelectField>
      {isOther && (
        <TextField
          label={`${label}, as it is named`}
          hideLabel
          value={value}
          {...(disabled && { disabled })}
          onChange={event => onChange(event.target.value)}
          spellCheck={false}
          autoFocus={isTyping}
          className="font-mono"
          {...(error !== undefined && { error })}
          {...(hint !== undefined && { hint })}
        />
      )}
    </div>
  )
}
