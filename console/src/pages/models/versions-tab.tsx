import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Upload } from 'lucide-react'
import { type ReactElement, useMemo, useState } from 'react'
import { useMe } from '../../app/me.ts'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { CompareVersions } from './compare-versions.tsx'
import { PageDrop } from './page-drop.tsx'
import { UploadDialog } from './upload-dialog.tsx'
import { useFamily, useModel, useServed } from './use-models.ts'
import { useRefusal } from './use-refusal.ts'
import { DeleteVersion, RollBack } from './version-dialogs.tsx'
import { type VersionAct, VersionsTable } from './versions-table.tsx'

const route = getRouteApi('/app/models/$id/versions')

/** The versions of the name: which serves and why, the next one, two side by side, and back to an older one. */
export function VersionsTab(): ReactElement {
  const { id } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/models/$id/versions' })
  const me = useMe()
  const model = useModel(id).data
  const { served } = useServed()
  const { family, error } = useFamily(model, served)
  const refusal = useRefusal(model?.owner_id)
  const [act, setAct] = useState<VersionAct>()
  const [file, setFile] = useState<File>()
  const archive = useApiChange(
    (client, { id: version, status }: { id: string; status: 'archived' | 'ready' }) =>
      client.models.update(version, { status }),
    ['models'],
  )
  const setUpload = (isOpen: boolean) =>
    void navigate({
      search: ({ upload: _, ...before }) => (isOpen ? { ...before, upload: true } : before),
      replace: true,
    })
  const list = useMemo(
    () => (client: Parameters<Parameters<typeof CopyAsCurl>[0]['call']>[0]) =>
      client.models.list({ ...(model && { name: model.name }), limit: 100 }),
    [model],
  )
  if (error !== null) return <ProblemNotice error={error} />
  if (!model || !family) return <Waiting what="the versions" />
  const isOwn = model.owner_id !== null && model.owner_id === me.id
  const cannotAdd = isOwn
    ? undefined
    : 'A version belongs to who uploads it: only the owner can add one to this name.'

  return (
    <>
      <PageDrop
        isOff={search.upload === true || !isOwn}
        onFile={dropped => {
          setFile(dropped)
          setUpload(true)
        }}
      />
      <Section
        title="Versions"
        about={
          family.serving
            ? `Calls of ${model.name} without a version go to ${family.serving.version}.`
            : `No version of ${model.name} serves.`
        }
        actions={
          <>
            <CopyAsCurl call={list} />
            <Button icon={<Upload className="size-4" />} refused={cannotAdd} onClick={() => setUpload(true)}>
              Upload the next version
            </Button>
          </>
        }
      >
        {archive.error !== null && <ProblemNotice error={archive.error} />}
        <VersionsTable
          family={family}
          served={served}
          current={id}
          refusal={refusal}
          onAct={asked => {
            if (asked.what === 'archive') archive.mutate({ id: asked.model.id, status: 'archived' })
            else if (asked.what === 'restore') archive.mutate({ id: asked.model.id, status: 'ready' })
            else if (asked.what === 'compare')
              void navigate({ search: before => ({ ...before, compare: asked.model.id }) })
            else setAct(asked)
          }}
        />
      </Section>
      <CompareVersions
        model={model}
        family={family}
        served={served}
        other={search.compare}
        days={search.days}
        onChange={change => void navigate({ search: before => ({ ...before, ...change }), replace: true })}
      />
      {search.upload && isOwn && (
        <UploadDialog
          {...(file !== undefined && { file })}
          name={model.name}
          models={family.versions}
          onClose={() => {
            setFile(undefined)
            setUpload(false)
          }}
        />
      )}
      {act?.what === 'roll-back' && (
        <RollBack family={family} model={act.model} onClose={() => setAct(undefined)} />
      )}
      {act?.what === 'delete' && (
        <DeleteVersion
          model={act.model}
          onClose={() => setAct(undefined)}
          {...(act.model.id === id && {
            onDeleted: () => {
              const rest = family.versions.find(version => version.id !== id)
              return rest
                ? navigate({ to: '/models/$id/versions', params: { id: rest.id }, search: {} })
                : navigate({ to: '/models' })
            },
          })}
        />
      )}
    </>
  )
}
