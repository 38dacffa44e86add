import type { ProviderModelBody } from '@roundhouse/sdk'
import { Plus, X } from 'lucide-react'
import type { ReactElement } from 'react'
import { Button, IconButton } from '../../ui/button.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/number-field.tsx'
import { emptyModel } from './provider-draft.ts'

/** Which models can be called, and what they cost. */
export function ProviderModels({
  models,
  onChange,
}: {
  models: readonly ProviderModelBody[]
  onChange: (models: ProviderModelBody[]) => void
}): ReactElement {
  const change = (at: number, part: Partial<ProviderModelBody>) =>
    onChange(models.map((model, index) => (index === at ? { ...model, ...part } : model)))
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-1 text-[13px] font-medium">Models</legend>
      <p className="text-[13px] text-quiet">
        {models.length === 0
          ? 'Without a list every name is passed on and costs no credits: whoever may call agents calls the dearest model at your expense.'
          : 'Prices are credits that users pay, costs are millionths of a dollar that the provider asks, both per million tokens.'}
      </p>
      {models.map((model, at) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is what stands in its place
          key={at}
          className="grid grid-cols-2 items-end gap-2.5 rounded-lg border border-line p-3 sm:grid-cols-3 lg:grid-cols-[2fr_1fr_1fr_1fr_1fr_1fr_1fr_auto]"
        >
          <TextField
            label="Name"
            value={model.name}
            onChange={event => change(at, { name: event.target.value })}
            spellCheck={false}
            className="font-mono"
          />
          <SelectField
            label="Kind"
            value={model.kind}
            onChange={event =>
              change(at, { kind: event.target.value === 'embedding' ? 'embedding' : 'chat' })
            }
          >
            <option value="chat">Chat</option>
            <option value="embedding">Embedding</option>
          </SelectField>
          {amounts.map(({ name, label }) => (
            <NumberField
              key={name}
              label={label}
              min={0}
              step={1}
              value={model[name]}
              onChange={value => change(at, { [name]: value ?? 0 })}
            />
          ))}
          <NumberField
            label="Context"
            min={1}
            step={1}
            placeholder="unknown"
            value={model.context_tokens}
            onChange={value => change(at, { context_tokens: value })}
          />
          <IconButton
            label={`Take out ${model.name || 'the model'}`}
            className="mb-0.5"
            onClick={() => onChange(models.filter((_, index) => index !== at))}
          >
            <X className="size-4" />
          </IconButton>
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon={<Plus className="size-3.5" />}
          onClick={() => onChange([...models, emptyModel])}
        >
          Add a model
        </Button>
      </div>
    </fieldset>
  )
}

const amounts = [
  { name: 'input_price', label: 'Price in' },
  { name: 'output_price', label: 'Price out' },
  { name: 'input_cost', label: 'Cost in' },
  { name: 'output_cost', label: 'Cost out' },
] as const
