import type { ReactElement } from 'react'
import { CheckField } from '../../../ui/field.tsx'
import { NumberField } from '../../../ui/number-field.tsx'
import { Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'

export function MemoryPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const { messages, ...rest } = draft.memory
  const error = faultAt(fault, 'memory')
  return (
    <Section
      title="Memory"
      about="Runs of the same thread are one conversation. This is how much of it the model is shown again; the whole thread stays stored."
    >
      <div className="grid max-w-xl gap-4">
        <NumberField
          label="Messages that are shown again"
          value={messages}
          onChange={value => set('memory', value === null ? rest : { ...draft.memory, messages: value })}
          min={0}
          max={1000}
          step={1}
          placeholder="20"
          hint="0 forgets what was said before. Of a thread at most 1 MiB is shown."
          {...(error !== undefined && { error })}
        />
        <CheckField
          label="Sum up what was said before those"
          checked={draft.memory.summarise === true}
          onChange={event => {
            const { summarise, ...without } = draft.memory
            set('memory', event.target.checked ? { ...without, summarise: true } : without)
          }}
          hint="By the same model, behind the answer, at the cost of its tokens."
        />
      </div>
    </Section>
  )
}
