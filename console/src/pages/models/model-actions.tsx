import type { Model } from '@roundhouse/sdk'
import { Code, ExternalLink } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { type ApiCall, useApi, useApiChange } from '../../app/use-api.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import type { Family } from './families.ts'
import { UseIt } from './use-it.tsx'
import { useRefusal } from './use-refusal.ts'
import type { Served } from './version-state.ts'

/** What is done with a model from every tab. */
export function ModelActions({
  model,
  family,
  served,
  call,
}: {
  model: Model
  family: Family | undefined
  served: Served
  call: ApiCall<unknown>
}): ReactElement {
  const [dialog, setDialog] = useState<'use' | 'unload'>()
  const { name } = model
  const meant = useApi(['models', 'meant', name], (client, options) => client.models.latest(name, options))
  // Names are per owner: loading and the demo page go by the name, and it must be this model's.
  const isOther = meant.data !== undefined && meant.data.owner_id !== model.owner_id
  const ambiguous =
    isOther && `The name ${name} means another model of that name for you: your own, or that of this server.`
  const refused = useRefusal(model.owner_id) ?? ambiguous
  const load = useApiChange(
    (client, asked: string) => client.inference.load(asked, { timeoutMs: 310_000 }),
    ['models'],
  )
  const unload = useApiChange((client, asked: string) => client.inference.unload(asked), ['models'])
  const isHeld = family?.versions.some(({ id }) => served.get(id)?.state === 'ready') ?? false
  const hasReady = family?.versions.some(({ status }) => status === 'ready') ?? false

  return (
    <>
      <CopyAsCurl call={call} />
      {hasReady && !isOther && (
        // A page of the server, not of the console.
        <a href={`/m/${encodeURIComponent(name)}`} className={buttonLook('plain')}>
          <ExternalLink aria-hidden="true" className="size-4" />
          Demo page
        </a>
      )}
      {hasReady && (
        <>
          <Button refused={refused} busy={load.isPending && 'Loading…'} onClick={() => load.mutate(name)}>
            {isHeld ? 'Load again' : 'Load'}
          </Button>
          {isHeld && (
            <Button refused={refused} onClick={() => setDialog('unload')}>
              Unload
            </Button>
          )}
          <Button look="primary" icon={<Code className="size-4" />} onClick={() => setDialog('use')}>
            Use it
          </Button>
        </>
      )}
      {load.error !== null && (
        <div className="basis-full">
          <ProblemNotice error={load.error} retry={() => load.mutate(name)} />
        </div>
      )}
      {dialog === 'use' && <UseIt model={model} onClose={() => setDialog(undefined)} />}
      {dialog === 'unload' && (
        <ConfirmDialog
          title={`Unload ${name}`}
          action="Unload"
          busy="Unloading…"
          onConfirm={() => unload.mutateAsync(name)}
          onClose={() => setDialog(undefined)}
        >
          Every version of {name} goes out of memory, on every replica. Calls are answered 503 until it is
          loaded again.
        </ConfirmDialog>
      )}
    </>
  )
}
