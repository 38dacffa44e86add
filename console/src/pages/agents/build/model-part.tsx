import type { ReactElement } from 'react'
import { useAnsweringModels } from '../../../app/provided-models.ts'
import { ChoiceField } from '../../../ui/choice-field.tsx'
import { TextField } from '../../../ui/field.tsx'
import { NumberField } from '../../../ui/number-field.tsx'
import { Section } from '../../../ui/page.tsx'
import { Notice } from '../../../ui/state.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'
import { ItemList } from './item-list.tsx'
import { NewFallback } from './new-fallback.tsx'

export function ModelPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const { groups, demo } = useAnsweringModels()
  const error = (field: 'model' | 'provider' | 'temperature' | 'max_tokens') => {
    const message = faultAt(fault, field)
    return message === undefined ? {} : { error: message }
  }
  return (
    <>
      <Section title="Model" about="Which language model answers, and how.">
        <div className="grid max-w-2xl gap-4">
          <ChoiceField
            label="Model"
            value={draft.model}
            groups={groups}
            onChange={model => set('model', model)}
            hint="As <provider>/<model>. A provider that lists no models takes every name."
            {...error('model')}
          />
          {demo.has(draft.model) && (
            <Notice tone="warn">
              No language model is behind the demo: it says back what it was told, so that agents can be tried
              without a key.
            </Notice>
          )}
          {!draft.model.includes('/') && (
            <TextField
              label="Provider"
              value={draft.provider ?? ''}
              onChange={event => set('provider', event.target.value === '' ? null : event.target.value)}
              hint="Empty: the first provider that has the model."
              spellCheck={false}
              className="font-mono"
              {...error('provider')}
            />
          )}
          <div className="grid gap-4 sm:grid-cols-2">
            <NumberField
              label="Temperature"
              value={draft.temperature}
              onChange={value => set('temperature', value)}
              min={0}
              max={2}
              step={0.1}
              placeholder="the provider decides"
              hint="0 to 2: the higher, the more various its answers."
              {...error('temperature')}
            />
            <NumberField
              label="Tokens of an answer at most"
              value={draft.max_tokens}
              onChange={value => set('max_tokens', value)}
              min={1}
              step={1}
              placeholder="the provider decides"
              {...error('max_tokens')}
            />
          </div>
        </div>
      </Section>
      <Fallbacks />
    </>
  )
}

function Fallbacks(): ReactElement {
  const { draft, set, fault } = useEditor()
  const { groups } = useAnsweringModels()
  const left = groups.map(group => ({
    ...group,
    choices: group.choices.filter(
      choice => choice.value !== draft.model && !draft.fallbacks.includes(choice.value),
    ),
  }))
  return (
    <Section title="Fallbacks" about="Asked in this order when the model above cannot answer. At most 8.">
      <div className="grid max-w-2xl gap-3">
        {draft.fallbacks.length > 0 && (
          <ItemList
            label="Fallbacks"
            items={draft.fallbacks}
            titleOf={name => name || 'not chosen yet'}
            factsOf={() => null}
            faultOf={index => faultAt(fault, 'fallbacks', index)}
            onChange={fallbacks => set('fallbacks', fallbacks)}
          />
        )}
        <NewFallback
          key={draft.fallbacks.length}
          groups={left}
          onAdd={name => set('fallbacks', [...draft.fallbacks, name])}
        />
      </div>
    </Section>
  )
}
