import type { ProviderBody } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, TextArea, TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import { bodyOf, type ProviderDraft, whyNot } from './provider-draft.ts'
import { ProviderKey } from './provider-key.tsx'
import { ProviderModels } from './provider-models.tsx'
import { ProviderTimes } from './provider-times.tsx'

/** All of a provider as fields; its key is written and never read. */
export function ProviderDialog({
  title,
  begin,
  existing,
  taken,
  onClose,
}: {
  title: string
  begin: ProviderDraft
  existing?: ProviderBody
  /** Names that others have. */
  taken: readonly string[]
  onClose: () => void
}): ReactElement {
  const [draft, setDraft] = useState(begin)
  const set = (change: Partial<ProviderDraft>) => setDraft(before => ({ ...before, ...change }))
  const save = useApiChange(
    client => client.admin.providers.put(draft.name, bodyOf(draft)),
    ['providers', 'secrets', 'audit'],
  )
  return (
    <Dialog title={title} onClose={onClose} wide>
      <form
        className="grid gap-5"
        onSubmit={event => {
          event.preventDefault()
          save.mutate(undefined, {
            onSuccess() {
              void toast(`The provider ${draft.name} is saved. Test it now.`)
              onClose()
            },
          })
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label="Name"
            hint={existing ? 'The name stays.' : 'Its models are called by it: name/model.'}
            value={draft.name}
            readOnly={existing !== undefined}
            onChange={event => set({ name: event.target.value })}
            spellCheck={false}
            className="font-mono"
          />
          <TextField
            label="Address"
            placeholder={draft.kind === 'openai' ? 'https://host/v1' : 'The vendor’s own'}
            hint={
              draft.kind === 'openai'
                ? '/chat/completions is added to it.'
                : 'Only where you go by another way.'
            }
            value={draft.baseUrl}
            onChange={event => set({ baseUrl: event.target.value })}
            spellCheck={false}
            className="font-mono"
          />
        </div>
        <ProviderKey draft={draft} hasKey={existing?.has_key ?? false} onChange={set} />
        <ProviderModels models={draft.models} onChange={models => set({ models })} />
        <TextArea
          label="Fallbacks"
          hint="provider/model, one per line: asked in this order when this provider cannot answer."
          rows={2}
          value={draft.fallbacks}
          onChange={event => set({ fallbacks: event.target.value })}
          spellCheck={false}
          className="font-mono"
        />
        <ProviderTimes draft={draft} onChange={set} />
        <CheckField
          label="Enabled"
          hint="Switched off, its models are not found; calls under way end as usual."
          checked={draft.enabled}
          onChange={event => set({ enabled: event.target.checked })}
        />
        {save.error && <ProblemNotice error={save.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl
            call={client =>
              client.admin.providers.put(draft.name, {
                ...bodyOf(draft),
                ...(draft.key !== '' && { key: '$PROVIDER_KEY' }),
              })
            }
          />
          <Button className="ml-auto" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={save.isPending && 'Saving…'}
            refused={whyNot(draft, taken)}
          >
            Save provider
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
