import type { ReactElement } from 'react'
import { Dialog } from '../../ui/dialog.tsx'
import { ProviderDialog } from './provider-dialog.tsx'
import { draftOfPreset } from './provider-draft.ts'
import { presets } from './provider-presets.ts'

/** First whose provider it is, then what is to be known of it. */
export function AddProvider({
  preset: chosen,
  taken,
  onChoose,
  onClose,
}: {
  /** Name of a preset; anything else shows all of them. */
  preset: string
  taken: readonly string[]
  onChoose: (name: string) => void
  onClose: () => void
}): ReactElement {
  const preset = presets.find(({ name }) => name === chosen)
  if (preset)
    return (
      <ProviderDialog
        title={preset.name === 'custom' ? 'Add a provider' : `Add ${preset.label}`}
        begin={draftOfPreset(preset)}
        taken={taken}
        onClose={onClose}
      />
    )
  return (
    <Dialog title="Add a provider" onClose={onClose} wide>
      <ul className="grid gap-2.5 sm:grid-cols-2 lg:grid-cols-3">
        {presets.map(({ name, label, about, needsKey }) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => onChoose(name)}
              className="h-full w-full rounded-lg border border-line px-4 py-3 text-left hover:border-edge hover:bg-sunken"
            >
              <span className="block text-sm font-medium">{label}</span>
              <span className="block text-[13px] text-quiet">{about}</span>
              <span className="mt-1 block text-[13px] text-quiet">
                {needsKey ? 'Needs a key.' : 'A key only where it wants one.'}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
