import type { ReactElement } from 'react'
import { ChoiceField } from '../../../ui/choice-field.tsx'
import { CheckField, SelectField, TextArea, TextField } from '../../../ui/field.tsx'
import { JsonField } from '../../../ui/json-field.tsx'
import { NumberField } from '../../../ui/number-field.tsx'
import type { JsonObject } from '../../../ui/read-json.ts'
import { type Fault, faultAt } from './faults.ts'
import { HeadersField } from './headers-field.tsx'
import { ListField } from './list-field.tsx'
import { useReference } from './references.ts'
import type { FieldSpec } from './spec.ts'

/** The fields of a tool or a rule. What is left empty is taken out of it. */
export function SpecForm<Value extends JsonObject>({
  fields,
  value,
  onChange,
  fault,
}: {
  fields: readonly FieldSpec[]
  value: Value
  onChange: (value: Value) => void
  fault: Fault | undefined
}): ReactElement {
  return (
    <>
      {fields.map(field => (
        <SpecField
          key={field.name}
          field={field}
          value={value[field.name]}
          error={faultAt(fault, field.name)}
          onChange={next => onChange(withField(value, field.name, next))}
        />
      ))}
    </>
  )
}

function withField<Value extends JsonObject>(value: Value, name: string, next: unknown): Value {
  const { [name]: _before, ...rest } = value
  const isEmpty = next === undefined || next === null || next === '' || next === false
  // All but the one field is as it was.
  return (isEmpty ? rest : { ...value, [name]: next }) as Value
}

type FieldViewProps = {
  field: FieldSpec
  value: unknown
  error: string | undefined
  onChange: (value: unknown) => void
}

function SpecField({ field, value, error, onChange }: FieldViewProps): ReactElement {
  const { label, hint, placeholder } = field
  const text = typeof value === 'string' ? value : ''
  const said = {
    label,
    ...(hint !== undefined && { hint }),
    ...(error !== undefined && { error }),
    ...(placeholder !== undefined && { placeholder }),
  }
  switch (field.as) {
    case 'text':
      return <TextField {...said} value={text} onChange={event => onChange(event.target.value)} />
    case 'code':
      return (
        <TextField
          {...said}
          value={text}
          onChange={event => onChange(event.target.value)}
          spellCheck={false}
          autoComplete="off"
          className="font-mono"
        />
      )
    case 'area':
      return <TextArea {...said} rows={3} value={text} onChange={event => onChange(event.target.value)} />
    case 'number':
      return <NumberField {...said} value={value} min={0} onChange={onChange} />
    case 'check':
      return (
        <CheckField
          label={label}
          hint={error ?? hint}
          checked={value === true}
          onChange={event => onChange(event.target.checked)}
        />
      )
    case 'json':
      return <JsonField {...said} value={value} onChange={onChange} />
    case 'lines':
      return <ListField {...said} value={value} onChange={onChange} />
    case 'headers':
      return <HeadersField {...said} value={value} onChange={onChange} />
    case 'body':
      return <BodyField field={field} value={value} error={error} onChange={onChange} />
    case 'choice':
      return (
        <SelectField {...said} value={text} onChange={event => onChange(event.target.value)}>
          {text === '' && <option value="">{field.none ?? 'Choose…'}</option>}
          {field.choices.map(choice => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </SelectField>
      )
    case 'several':
      return (
        <SeveralField field={field} value={value} error={error} onChange={onChange} choices={field.choices} />
      )
    case 'reference':
      return (
        <ReferenceField
          field={field}
          value={text}
          error={error}
          onChange={onChange}
          of={field.of}
          none={field.none}
        />
      )
  }
}

function ReferenceField({
  field,
  value,
  error,
  onChange,
  of,
  none,
}: FieldViewProps & { value: string } & Pick<Extract<FieldSpec, { as: 'reference' }>, 'of'> & {
    none: string | undefined
  }): ReactElement {
  const groups = useReference(of)
  return (
    <ChoiceField
      label={field.label}
      value={value}
      groups={groups}
      onChange={onChange}
      {...(none !== undefined && { none })}
      {...(field.hint !== undefined && { hint: field.hint })}
      {...(error !== undefined && { error })}
      otherLabel="Another, by name or id…"
    />
  )
}

function SeveralField({
  field,
  value,
  error,
  onChange,
  choices,
}: FieldViewProps & Pick<Extract<FieldSpec, { as: 'several' }>, 'choices'>): ReactElement {
  const chosen: readonly unknown[] = Array.isArray(value) ? value : []
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1 text-[13px] font-medium">{field.label}</legend>
      {choices.map(choice => (
        <CheckField
          key={choice.value}
          label={choice.label}
          checked={chosen.includes(choice.value)}
          onChange={event => {
            const next = choices
              .map(one => one.value)
              .filter(one => (one === choice.value ? event.target.checked : chosen.includes(one)))
            onChange(next.length === 0 ? undefined : next)
          }}
        />
      ))}
      {field.hint !== undefined && <p className="text-[13px] text-quiet">{field.hint}</p>}
      {error !== undefined && (
        <p role="alert" className="text-[13px] text-bad">
          {error}
        </p>
      )}
    </fieldset>
  )
}

/** `all`, or names of arguments. */
function BodyField({ field, value, error, onChange }: FieldViewProps): ReactElement {
  return (
    <div className="grid gap-2">
      <CheckField
        label="The whole body is one argument, named body"
        checked={value === 'all'}
        onChange={event => onChange(event.target.checked ? 'all' : undefined)}
      />
      {value !== 'all' && (
        <ListField
          label={field.label}
          hint="Names, separated by commas: fields of a JSON body."
          value={value}
          onChange={onChange}
          {...(error !== undefined && { error })}
        />
      )}
    </div>
  )
}
