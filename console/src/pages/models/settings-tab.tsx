import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyButton, Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { bytes, duration } from '../../ui/format.ts'
import { Card, Facts, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Moment } from '../../ui/time.tsx'
import { executorOf } from './executor.ts'
import { SettingsForm } from './settings-form.tsx'
import { useFamily, useModel, useServed } from './use-models.ts'
import { useRefusal } from './use-refusal.ts'
import { DeleteVersion } from './version-dialogs.tsx'

const route = getRouteApi('/app/models/$id/settings')

/** What its owner may change of a version, what is known of it, and its end. */
export function SettingsTab(): ReactElement {
  const { id } = route.useParams()
  const navigate = useNavigate()
  const model = useModel(id).data
  const { served } = useServed()
  const { family } = useFamily(model, served)
  const refusal = useRefusal(model?.owner_id)
  const [isDeleting, setDeleting] = useState(false)
  const setStatus = useApiChange(
    (client, status: 'archived' | 'ready') => client.models.update(id, { status }),
    ['models'],
  )
  if (!model) return <Waiting what="the model" />
  const executor = executorOf(model)
  const loadMs = served.get(id)?.load_ms
  const isArchived = model.status === 'archived'
  const mayTurn = model.status === 'ready' || isArchived

  return (
    <div className="grid items-start gap-x-8 lg:grid-cols-2">
      <div>
        <Section title="Settings" about={`Of version ${model.version}. Other versions keep theirs.`}>
          <SettingsForm key={model.id} model={model} refusal={refusal} />
        </Section>
      </div>
      <div>
        <Section title="Details">
          <Card>
            <Facts
              facts={[
                ['Id', <Identifier key="id" value={model.id} label="id of this version" />],
                [
                  'sha256',
                  model.file_hash === null ? (
                    'no file yet'
                  ) : (
                    <span key="hash" className="inline-flex items-start">
                      <code className="font-mono text-[13px] text-quiet">{model.file_hash}</code>
                      <CopyButton text={model.file_hash} label="sha256" />
                    </span>
                  ),
                ],
                ['Size', model.file_size_bytes === null ? 'no file yet' : bytes(model.file_size_bytes)],
                [
                  'Runs',
                  executor
                    ? [executor.inWords, executor.note].filter(Boolean).join(' ')
                    : 'It was not loaded yet.',
                ],
                ['Loaded in', loadMs == null ? 'not in memory' : duration(loadMs)],
                ['Created', <Moment key="created" at={model.created_at} />],
                ['Changed', <Moment key="changed" at={model.updated_at} />],
              ]}
            />
          </Card>
        </Section>
        <Section title={isArchived ? 'Bring back' : 'Archive'}>
          <Card className="grid gap-3">
            <p className="text-sm text-quiet">
              {isArchived
                ? 'It was taken out of service. Brought back, it serves again if it is the newest.'
                : 'Takes this version out of service and out of memory. Nothing is deleted, and it can be brought back.'}
            </p>
            {setStatus.error !== null && <ProblemNotice error={setStatus.error} />}
            <div className="flex flex-wrap gap-2">
              <Button
                refused={
                  refusal ??
                  (!mayTurn && `Only a version that was ready can be archived; this one is ${model.status}.`)
                }
                busy={setStatus.isPending && 'Saving…'}
                onClick={() => setStatus.mutate(isArchived ? 'ready' : 'archived')}
              >
                {isArchived ? 'Bring back' : 'Archive this version'}
              </Button>
              <CopyAsCurl
                call={client => client.models.update(id, { status: isArchived ? 'ready' : 'archived' })}
              />
            </div>
          </Card>
        </Section>
        <Section title="Delete">
          <Card className="grid gap-3">
            <p className="text-sm text-quiet">
              Deletes this version, its file and the history of its predictions, for good.
            </p>
            <div className="flex flex-wrap gap-2">
              <Button look="danger" refused={refusal} onClick={() => setDeleting(true)}>
                Delete this version
              </Button>
              <CopyAsCurl call={client => client.models.remove(id)} />
            </div>
          </Card>
        </Section>
      </div>
      {isDeleting && (
        <DeleteVersion
          model={model}
          onClose={() => setDeleting(false)}
          onDeleted={() => {
            const rest = family?.versions.find(version => version.id !== id)
            return rest
              ? navigate({ to: '/models/$id', params: { id: rest.id }, ignoreBlocker: true })
              : navigate({ to: '/models', ignoreBlocker: true })
          }}
        />
      )}
    </div>
  )
}
