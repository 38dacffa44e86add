import type { ApiKey } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { useMe } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { KeysTable } from './keys-table.tsx'
import { NewKeyDialog } from './new-key-dialog.tsx'
import { RevokeKey } from './revoke-key.tsx'

const route = getRouteApi('/app/keys')

/** The caller's own API keys: by them programs act as their user. */
export function KeysPage(): ReactElement {
  const { new: isMaking, like } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useMe()
  const keys = useApi(['keys'], (client, options) => client.keys.list(options))
  const [revoking, setRevoking] = useState<ApiKey>()
  const make = (id?: string) =>
    void navigate({ search: { new: true, ...(id !== undefined && { like: id }) } })
  const list = keys.data?.data

  return (
    <Page
      title="API keys"
      about="With a key a program acts as you, within the scopes of the key. Only its beginning is kept here: the key itself is shown once."
      actions={
        <>
          <CopyAsCurl call={keys.call} />
          <Button look="primary" icon={<KeyRound className="size-4" />} onClick={() => make()}>
            Create a key
          </Button>
        </>
      }
    >
      {keys.error && <ProblemNotice error={keys.error} retry={() => void keys.refetch()} />}
      {keys.isPending && <Waiting what="your keys" />}
      {list?.length === 0 && (
        <Empty
          title="No API keys yet"
          actions={
            <Button look="primary" onClick={() => make()}>
              Create the first key
            </Button>
          }
        >
          <p className="mb-3">
            A key lets a program, a script or a terminal call this server as {me.name ?? 'you'}. Try it with:
          </p>
          <CodeBlock
            label="a call with a key"
            className="text-left"
            code={`export ROUNDHOUSE_KEY=rh_…\ncurl -s ${location.origin}/api/v1/me \\\n  -H "Authorization: Bearer $ROUNDHOUSE_KEY"`}
          />
        </Empty>
      )}
      {list !== undefined && list.length > 0 && (
        <KeysTable keys={list} onLike={key => make(key.id)} onRevoke={setRevoking} />
      )}
      {isMaking && (like === undefined || list !== undefined) && (
        <NewKeyDialog
          like={list?.find(key => key.id === like)}
          onClose={() => void navigate({ search: {}, replace: true })}
        />
      )}
      {revoking && <RevokeKey apiKey={revoking} onClose={() => setRevoking(undefined)} />}
    </Page>
  )
}
