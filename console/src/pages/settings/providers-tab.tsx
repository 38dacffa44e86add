import type { ProviderBody } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { AddProvider } from './add-provider.tsx'
import { ProviderCard } from './provider-card.tsx'
import { ProviderDialog } from './provider-dialog.tsx'
import { draftOf } from './provider-draft.ts'

const route = getRouteApi('/app/settings/')

/** Where language models come from. */
export function ProvidersTab(): ReactElement {
  const { add, open } = route.useSearch()
  const navigate = route.useNavigate()
  const providers = useApi(['providers'], (client, options) => client.admin.providers.list(options))
  const close = () => void navigate({ search: {}, replace: true })
  const opened = providers.data?.find(one => one.name === open && one.source === 'database')
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-[75ch] text-sm text-quiet">
          Agents and <code className="font-mono">/v1</code> answer with models of providers. A model is named{' '}
          <code className="font-mono">provider/model</code>; what names no provider goes to the first that has
          the model.
        </p>
        <div className="flex flex-wrap items-center gap-2">
          <CopyAsCurl call={providers.call} />
          <Button
            look="primary"
            icon={<Plus className="size-4" />}
            onClick={() => void navigate({ search: { add: 'choose' } })}
          >
            Add a provider
          </Button>
        </div>
      </div>
      {providers.error && <ProblemNotice error={providers.error} retry={() => void providers.refetch()} />}
      {providers.isPending && <Waiting what="the providers" />}
      {providers.data !== undefined && isOnlyDemo(providers.data) && (
        <div className="mb-4">
          <Notice tone="info">
            Only the demo answers now: it needs no key, and no language model is behind it. Add a provider to
            ask real ones.
          </Notice>
        </div>
      )}
      <div className="grid gap-4">
        {providers.data?.map(provider => (
          <ProviderCard
            key={provider.name}
            provider={provider}
            onChange={() => void navigate({ search: { open: provider.name } })}
          />
        ))}
      </div>
      {add !== undefined && providers.data !== undefined && (
        <AddProvider
          preset={add}
          taken={providers.data.map(({ name }) => name)}
          onChoose={name => void navigate({ search: { add: name }, replace: true })}
          onClose={close}
        />
      )}
      {opened && (
        <ProviderDialog
          key={opened.name}
          title={`Provider ${opened.name}`}
          begin={draftOf(opened)}
          existing={opened}
          taken={[]}
          onClose={close}
        />
      )}
    </>
  )
}

function isOnlyDemo(providers: readonly ProviderBody[]): boolean {
  return providers.every(provider => provider.demo)
}
