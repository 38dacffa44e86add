import {
  type InputHTMLAttributes,
  type ReactElement,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'
import { classes } from './class-names.ts'

export type FieldProps = {
  label: string
  /** What to know before filling it in. */
  hint?: ReactNode
  error?: string | undefined
  /** The label is there for those who hear the page alone. */
  hideLabel?: boolean
}

const box =
  'w-full rounded-md border border-edge/70 bg-raised px-2.5 text-sm text-ink placeholder:text-quiet/80 aria-invalid:border-bad disabled:bg-sunken disabled:text-quiet'

/** Label, the field itself, its hint and its error, joined for those who hear the page. */
export function Field({
  label,
  hint,
  error,
  hideLabel = false,
  children,
}: FieldProps & {
  children: (ids: {
    id: string
    'aria-describedby': string | undefined
    'aria-invalid': true | undefined
  }) => ReactNode
}): ReactElement {
  const id = useId()
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`]
    .filter(Boolean)
    .join(' ')
  return (
    <div className="grid content-start gap-1">
      <label htmlFor={id} className={classes('text-[13px] font-medium', hideLabel && 'sr-only')}>
        {label}
      </label>
      {children({
        id,
        'aria-describedby': described || undefined,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-[13px] text-quiet">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="text-[13px] text-bad">
          {error}
        </p>
      )}
    </div>
  )
}

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement> & { ref?: React.Ref<HTMLInputElement> }): ReactElement {
  return (
    <Field {...parts({ label, hint, error, hideLabel })}>
      {ids => <input type="text" {...rest} {...ids} className={classes(box, 'h-9', className)} />}
    </Field>
  )
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: FieldProps &
  TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: React.Ref<HTMLTextAreaElement> }): ReactElement {
  return (
    <Field {...parts({ label, hint, error, hideLabel })}>
      {ids => (
        <textarea rows={4} {...rest} {...ids} className={classes(box, 'py-2 leading-relaxed', className)} />
      )}
    </Field>
  )
}

export function SelectField({
  label,
  hint,
  error,
  hideLabel,
  className,
  children,
  ...rest
}: FieldProps &
  SelectHTMLAttributes<HTMLSelectElement> & { ref?: React.Ref<HTMLSelectElement> }): ReactElement {
  return (
    <Field {...parts({ label, hint, error, hideLabel })}>
      {ids => (
        <select {...rest} {...ids} className={classes(box, 'h-9 pr-7', className)}>
          {children}
        </select>
      )}
    </Field>
  )
}

export function CheckField({
  label,
  hint,
  ...rest
}: { label: string; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement> & {
    ref?: React.Ref<HTMLInputElement>
  }): ReactElement {
  const id = useId()
  return (
    <div className="grid grid-cols-[auto_1fr] gap-x-2.5">
      <input
        type="checkbox"
        {...rest}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="mt-0.5 size-4 accent-accent"
      />
      <label htmlFor={id} className="text-sm">
        {label}
      </label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="col-start-2 text-[13px] text-quiet">
          {hint}
        </p>
      )}
    </div>
  )
}

/** Without those that are not there: an absent property is not the same as an undefined one. */
function parts({
  label,
  hint,
  error,
  hideLabel,
}: { [Name in keyof FieldProps]: FieldProps[Name] | undefined }): FieldProps {
  return {
    label: label ?? '',
    ...(hint !== undefined && { hint }),
    ...(error !== undefined && { error }),
    ...(hideLabel !== undefined && { hideLabel }),
  }
}
