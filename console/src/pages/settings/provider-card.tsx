import type { ProviderBody } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { count } from '../../ui/format.ts'
import { Card, Facts } from '../../ui/page.tsx'
import { State } from '../../ui/state.tsx'
import { kindLabels, sourceLabels } from './provider-presets.ts'
import { ProviderTest } from './provider-test.tsx'

/** One provider: where it is, what it has, and whether it answers. */
export function ProviderCard({
  provider,
  onChange,
}: {
  provider: ProviderBody
  onChange: () => void
}): ReactElement {
  const [isRemoving, setRemoving] = useState(false)
  const remove = useApiChange(client => client.admin.providers.remove(provider.name), ['providers', 'audit'])
  const fixed =
    provider.source !== 'database' &&
    (provider.source === 'environment'
      ? 'It is set by the environment of the server, and changed there.'
      : 'It is built in, and cannot be changed.')
  return (
    <Card>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <div className="flex flex-wrap items-center gap-2.5">
          <h2 className="text-base font-semibold">{provider.name}</h2>
          {provider.demo && <State tone="info">demo</State>}
          {provider.enabled ? <State tone="good">enabled</State> : <State tone="none">switched off</State>}
        </div>
        <div className="flex flex-wrap gap-2">
          <Button size="small" refused={fixed} onClick={onChange}>
            Change
          </Button>
          <Button size="small" look="danger" refused={fixed} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        </div>
      </div>
      <div className="grid gap-5 lg:grid-cols-2">
        <Facts
          facts={[
            ['Address', provider.base_url ?? (provider.demo ? 'none' : 'the vendor’s own')],
            ['Speaks', kindLabels[provider.kind]],
            ['Key', provider.has_key ? 'set, never shown' : 'none'],
            ['Set by', sourceLabels[provider.source]],
            ...(provider.fallbacks.length > 0
              ? ([['Falls back to', provider.fallbacks.join(', ')]] as const)
              : []),
          ]}
        />
        <div>
          <h3 className="mb-1.5 text-[13px] text-quiet">Models</h3>
          {provider.models.length === 0 ? (
            <p className="text-sm">Every name is passed on, without a price.</p>
          ) : (
            <ul className="flex flex-wrap gap-1.5">
              {provider.models.map(model => (
                <li
                  key={model.name}
                  className="rounded-md border border-line bg-sunken px-2 py-0.5 text-[13px]"
                  title={priceOf(model)}
                >
                  <code className="font-mono">{model.name}</code>
                  {model.kind === 'embedding' && <span className="text-quiet"> embedding</span>}
                </li>
              ))}
            </ul>
          )}
          <ProviderTest provider={provider} />
        </div>
      </div>
      {isRemoving && (
        <ConfirmDialog
          title={`Remove the provider ${provider.name}?`}
          action="Remove provider"
          busy="Removing…"
          onConfirm={() => remove.mutateAsync(undefined)}
          onClose={() => setRemoving(false)}
        >
          Its key goes with it. Agents that name its models answer with their fallbacks, or not at all.
        </ConfirmDialog>
      )}
    </Card>
  )
}

function priceOf(model: ProviderBody['models'][number]): string {
  if (model.input_price === 0 && model.output_price === 0) return 'Costs no credits'
  return `${count(model.input_price)} credits in, ${count(model.output_price)} out, per million tokens`
}
