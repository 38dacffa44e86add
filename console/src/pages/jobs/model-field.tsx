import type { Model } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { SelectField } from '../../ui/field.tsx'

/** The versions that can be called, the newest of each name first as the server lists them. */
export function useCallableModels(): { models: Model[]; isPending: boolean; error: Error | null } {
  const query = useApi(['models', 'callable'], (client, options) =>
    client.models.list({ ...options, status: 'ready', limit: 100 }),
  )
  return { models: query.data?.data ?? [], isPending: query.isPending, error: query.error }
}

export function ModelField({
  models,
  value,
  onChange,
}: {
  models: readonly Model[]
  value: string
  onChange: (id: string) => void
}): ReactElement {
  return (
    <SelectField label="Model" value={value} onChange={event => onChange(event.target.value)}>
      {models.map(model => (
        <option key={model.id} value={model.id}>
          {model.name}, version {model.version}
          {model.price > 0 ? ` (${model.price} credits a call)` : ''}
        </option>
      ))}
    </SelectField>
  )
}
