import type { Model } from '@roundhouse/sdk'
import { useLocation, useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { SelectField } from '../../ui/field.tsx'
import type { Family } from './families.ts'

const tabs = {
  versions: '/models/$id/versions',
  metrics: '/models/$id/metrics',
  predictions: '/models/$id/predictions',
  settings: '/models/$id/settings',
} as const

/** Another version of the same name, on the same tab. */
export function VersionSwitcher({
  model,
  family,
}: {
  model: Model
  family: Family | undefined
}): ReactElement {
  const navigate = useNavigate()
  const tab = useLocation({ select: ({ pathname }) => pathname.split('/')[3] ?? '' })
  const to = Object.entries(tabs).find(([name]) => name === tab)?.[1] ?? '/models/$id'
  const versions = family?.versions.some(({ id }) => id === model.id) ? family.versions : [model]
  if (versions.length === 1) return <span className="text-sm text-quiet">version {model.version}</span>
  return (
    <SelectField
      label="Version"
      hideLabel
      className="max-w-56"
      value={model.id}
      onChange={event => void navigate({ to, params: { id: event.target.value } })}
    >
      {versions.map(({ id, version, status }) => (
        <option key={id} value={id}>
          version {version}
          {id === family?.serving?.id ? ', serves' : status === 'ready' ? '' : `, ${status}`}
        </option>
      ))}
    </SelectField>
  )
}
