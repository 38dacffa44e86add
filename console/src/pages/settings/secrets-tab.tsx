import type { Secret } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { Lock } from 'lucide-react'
import { type ReactElement, useMemo, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SecretDialog } from './secret-dialog.tsx'
import { SecretsTable } from './secrets-table.tsx'

const route = getRouteApi('/app/settings/secrets')

/** What tools and providers need and nobody reads back. */
export function SecretsTab(): ReactElement {
  const { open, new: isNew } = route.useSearch()
  const navigate = route.useNavigate()
  const [removing, setRemoving] = useState<Secret>()
  const secrets = useApi(['secrets'], (client, options) => client.admin.secrets.list(options))
  const remove = useApiChange(
    (client, name: string) => client.admin.secrets.remove(name),
    ['secrets', 'audit'],
  )
  const list = secrets.data?.data
  const opened = list?.find(secret => secret.name === open)
  const add = () => void navigate({ search: { new: true } })
  const acts = useMemo(
    () => ({
      onChange: (secret: Secret) => void navigate({ search: { open: secret.name } }),
      onRemove: setRemoving,
    }),
    [navigate],
  )
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-[75ch] text-sm text-quiet">
          A secret is written and never read back. Tools of agents send it only to the hosts that are named
          with it.
        </p>
        <div className="flex flex-wrap items-center gap-2">
          <CopyAsCurl call={secrets.call} />
          <Button look="primary" icon={<Lock className="size-4" />} onClick={add}>
            Add a secret
          </Button>
        </div>
      </div>
      {secrets.error && <ProblemNotice error={secrets.error} retry={() => void secrets.refetch()} />}
      {secrets.isPending && <Waiting what="the names of the secrets" />}
      {list?.length === 0 && (
        <Empty
          title="No secrets yet"
          actions={
            <Button look="primary" onClick={add}>
              Add the first secret
            </Button>
          }
        >
          Keys that tools of agents send to other servers are kept here, encrypted. A header of a tool names
          one: <code className="font-mono">{'{ "secret": "CRM_KEY" }'}</code>
        </Empty>
      )}
      {list !== undefined && list.length > 0 && <SecretsTable secrets={list} {...acts} />}
      {(isNew || opened) && (
        <SecretDialog
          existing={opened}
          taken={list?.map(({ name }) => name) ?? []}
          onClose={() => void navigate({ search: {}, replace: true })}
        />
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove the secret ${removing.name}?`}
          action="Remove secret"
          busy="Removing…"
          typeName={removing.name}
          onConfirm={() => remove.mutateAsync(removing.name)}
          onClose={() => setRemoving(undefined)}
        >
          Its value cannot be brought back. Whatever sends it fails from then on.
        </ConfirmDialog>
      )}
    </>
  )
}
