import { type ReactElement, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { ChoiceField, type ChoiceGroup } from '../../../ui/choice-field.tsx'

export function NewFallback({
  groups,
  onAdd,
}: {
  groups: readonly ChoiceGroup[]
  onAdd: (name: string) => void
}): ReactElement {
  const [name, setName] = useState('')
  return (
    <div className="flex flex-wrap items-end gap-2">
      <div className="min-w-0 flex-1">
        <ChoiceField
          label="Another model to fall back on"
          value={name}
          groups={groups}
          onChange={setName}
          none="Choose…"
        />
      </div>
      <Button
        onClick={() => onAdd(name)}
        refused={!name.includes('/') && 'Choose a model, as <provider>/<model>.'}
      >
        Add fallback
      </Button>
    </div>
  )
}
