import { type ReactElement, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/state.tsx'
import type { Typed } from './draft.ts'
import { type Fault, faultAt } from './faults.ts'
import { type FieldSpec, type KindSpec, kindOf } from './spec.ts'
import { SpecForm } from './spec-form.tsx'

/** One tool or rule in a drawer: its kind is chosen first, when it is new. */
export function KindDialog({
  what,
  kinds,
  common,
  value,
  begin,
  fault,
  onDone,
  onClose,
}: {
  /** `tool`, `rule`. */
  what: string
  kinds: readonly KindSpec[]
  common: readonly FieldSpec[]
  /** Undefined for a new one. */
  value: Typed | undefined
  begin: (type: string) => Typed
  fault: Fault | undefined
  onDone: (value: Typed) => void
  onClose: () => void
}): ReactElement {
  const [edited, setEdited] = useState(value)
  if (!edited)
    return (
      <Dialog title={`Add a ${what}`} onClose={onClose} wide>
        <ul className="grid gap-2 sm:grid-cols-2">
          {kinds.map(kind => (
            <li key={kind.type}>
              <button
                type="button"
                onClick={() => setEdited(begin(kind.type))}
                className="h-full w-full rounded-lg border border-line px-3.5 py-2.5 text-left hover:border-edge hover:bg-sunken/60"
              >
                <span className="block text-sm font-medium">{kind.label}</span>
                <span className="block text-[13px] text-quiet">{kind.about}</span>
                {kind.adminOnly !== undefined && (
                  <span className="block text-[13px] text-warn">{kind.adminOnly}</span>
                )}
              </button>
            </li>
          ))}
        </ul>
      </Dialog>
    )
  const kind = kindOf(kinds, edited.type)
  const whole = fault?.path.length === 0 ? faultAt(fault) : undefined
  return (
    <Dialog title={`${kind.label} ${what}`} onClose={onClose} place="side">
      <form
        onSubmit={event => {
          event.preventDefault()
          onDone(edited)
        }}
        className="grid gap-4"
      >
        <p className="text-sm text-quiet">{kind.about}</p>
        {kind.adminOnly !== undefined && <Notice tone="warn">{kind.adminOnly}</Notice>}
        {whole !== undefined && <Notice tone="bad">{whole}</Notice>}
        <SpecForm fields={common.filter(isFirst)} value={edited} onChange={setEdited} fault={fault} />
        <SpecForm fields={kind.fields} value={edited} onChange={setEdited} fault={fault} />
        <fieldset className="grid gap-4 border-t border-line pt-4">
          <legend className="pr-2 text-[13px] font-semibold">Of every {what}</legend>
          <SpecForm
            fields={common.filter(field => !isFirst(field))}
            value={edited}
            onChange={setEdited}
            fault={fault}
          />
        </fieldset>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit">
            {value ? `Take the ${what} over` : `Add the ${what}`}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** What it is called and what it is for stand before what it reaches. */
function isFirst({ name }: FieldSpec): boolean {
  return name === 'name' || name === 'description'
}
