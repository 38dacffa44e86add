import { getRouteApi, Outlet, useLocation } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Identifier } from '../../ui/copy.tsx'
import { credits } from '../../ui/format.ts'
import { Page, TabBar, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { GiveFile } from './give-file.tsx'
import { ModelActions } from './model-actions.tsx'
import { useFamily, useModel, useServed } from './use-models.ts'
import { useRefusal } from './use-refusal.ts'
import { VersionBadge } from './version-badge.tsx'
import { versionState } from './version-state.ts'
import { VersionSwitcher } from './version-switcher.tsx'
import { visibilities } from './visibility.ts'

const route = getRouteApi('/app/models/$id')

/** One version of a model: how it is, what can be done with it, and its tabs. */
export function ModelPage(): ReactElement {
  const { id } = route.useParams()
  const query = useModel(id)
  const { served } = useServed()
  const { family } = useFamily(query.data, served)
  const model = query.data
  const crumbs = [{ label: 'Models', link: { to: '/models' } }] as const
  if (!model)
    return (
      <Page title="Model" crumbs={crumbs}>
        {query.error ? (
          <ProblemNotice error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Waiting what="the model" />
        )}
      </Page>
    )
  return (
    <Page
      title={model.name}
      crumbs={crumbs}
      facts={
        <>
          <VersionSwitcher model={model} family={family} />
          <VersionBadge model={model} served={served} alone />
          <Identifier value={model.id} label="id of this version" short />
        </>
      }
      about={
        <>
          {model.description !== null && (
            <span className="block whitespace-pre-line">{model.description}</span>
          )}
          <span>
            Owner: <UserName id={model.owner_id} /> · {visibilities[model.visibility].inWords} ·{' '}
            {model.price === 0 ? 'free' : `${credits(model.price)} a call`}
          </span>
        </>
      }
      actions={<ModelActions model={model} family={family} served={served} call={query.call} />}
      tabs={<TabBar label="Model" tabs={tabsOf(id)} />}
    >
      <Trouble model={model} served={served} />
      <Outlet />
    </Page>
  )
}

function tabsOf(id: string) {
  const params = { id }
  return [
    { label: 'Playground', link: { to: '/models/$id', params } },
    { label: 'Versions', link: { to: '/models/$id/versions', params } },
    { label: 'Metrics', link: { to: '/models/$id/metrics', params } },
    { label: 'Predictions', link: { to: '/models/$id/predictions', params } },
    { label: 'Settings', link: { to: '/models/$id/settings', params } },
  ] as const
}

/** Why this version answers nobody, and the next step. */
function Trouble({
  model,
  served,
}: Pick<Parameters<typeof VersionBadge>[0], 'model' | 'served'>): ReactElement | null {
  const refusal = useRefusal(model.owner_id)
  const { word, tone, reason } = versionState(model, served)
  const validate = useApiChange(
    (client, id: string) => client.models.validate(id, { timeoutMs: 310_000 }),
    ['models'],
  )
  const restore = useApiChange(
    (client, id: string) => client.models.update(id, { status: 'ready' }),
    ['models'],
  )
  // The playground says it itself, in the place of its form.
  const isSaid = useLocation({ select: ({ pathname }) => pathname.split('/').length === 3 })
  if ((model.status === 'ready' && word !== 'failed') || (isSaid && model.status !== 'pending')) return null
  const mayCheck = model.status === 'error' || model.status === 'uploaded'
  return (
    <div className="mb-6 grid gap-3">
      <Notice tone={tone === 'none' ? 'warn' : tone}>
        <p className="[overflow-wrap:anywhere]">
          Version {model.version} answers nobody. {reason}
        </p>
        {mayCheck && (
          <Button
            size="small"
            className="mt-2"
            refused={refusal}
            busy={validate.isPending && 'Checking…'}
            onClick={() => validate.mutate(model.id)}
          >
            {model.status === 'error' ? 'Check it again' : 'Check and load'}
          </Button>
        )}
        {model.status === 'pending' && refusal === undefined && <GiveFile id={model.id} />}
        {model.status === 'archived' && (
          <Button
            size="small"
            className="mt-2"
            refused={refusal}
            busy={restore.isPending && 'Bringing it back…'}
            onClick={() => restore.mutate(model.id)}
          >
            Bring back
          </Button>
        )}
      </Notice>
      {(validate.error ?? restore.error) !== null && (
        <ProblemNotice error={validate.error ?? restore.error} />
      )}
    </div>
  )
}
