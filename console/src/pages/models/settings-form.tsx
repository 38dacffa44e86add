import type { Model, UpdateModel } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { CheckField, TextArea, TextField } from '../../ui/field.tsx'
import { LeaveDialog } from '../../ui/leave-dialog.tsx'
import { Card } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import { VisibilityField } from './visibility-field.tsx'

/** Sends what differs, and nothing else. */
export function SettingsForm({
  model,
  refusal,
}: {
  model: Model
  refusal: string | undefined
}): ReactElement {
  const [description, setDescription] = useState(model.description ?? '')
  const [visibility, setVisibility] = useState(model.visibility)
  const [price, setPrice] = useState(String(model.price))
  const [embeds, setEmbeds] = useState(model.kind === 'embedding')
  const save = useApiChange(
    (client, change: UpdateModel) => client.models.update(model.id, change),
    ['models'],
  )
  const priceFault = /^\d{1,9}$/.test(price) ? undefined : 'A whole number of credits, 0 for free.'
  const change: UpdateModel = {
    ...(description !== (model.description ?? '') && {
      description: description === '' ? null : description,
    }),
    ...(visibility !== model.visibility && { visibility }),
    ...(priceFault === undefined && Number(price) !== model.price && { price: Number(price) }),
    ...(embeds !== (model.kind === 'embedding') && { kind: embeds ? ('embedding' as const) : null }),
  }
  const isSame = Object.keys(change).length === 0
  const shown: UpdateModel = isSame ? { description: model.description } : change

  return (
    <Card>
      <LeaveDialog
        isUnsaved={(!isSame || priceFault !== undefined) && refusal === undefined}
        save={async () => {
          if (priceFault !== undefined) throw new Error(priceFault)
          await save.mutateAsync(change)
        }}
      >
        The settings have changes that are not saved. They are lost when you leave.
      </LeaveDialog>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          if (!isSame && !priceFault && !refusal)
            save.mutate(change, { onSuccess: () => void toast('Saved.') })
        }}
      >
        <fieldset disabled={refusal !== undefined} className="grid gap-4">
          <TextArea
            label="Description"
            value={description}
            maxLength={10_000}
            onChange={event => setDescription(event.target.value)}
          />
          <VisibilityField value={visibility} onChange={setVisibility} />
          <TextField
            label="Price of a call, in credits"
            inputMode="numeric"
            value={price}
            error={priceFault}
            hint="0 is free. With a price, callers need an account, and each call is paid by who makes it."
            onChange={event => setPrice(event.target.value)}
          />
          <CheckField
            label="Gives vectors of texts"
            hint="Then it also answers POST /v1/embeddings under its name (kind embedding)."
            checked={embeds}
            onChange={event => setEmbeds(event.target.checked)}
          />
        </fieldset>
        {refusal !== undefined && <p className="text-[13px] text-quiet">{refusal}</p>}
        {save.error !== null && <ProblemNotice error={save.error} />}
        <div className="flex flex-wrap items-center gap-2">
          <Button
            look="primary"
            type="submit"
            busy={save.isPending && 'Saving…'}
            refused={refusal ?? priceFault ?? (isSame && 'Nothing is changed.')}
          >
            Save
          </Button>
          <CopyAsCurl call={client => client.models.update(model.id, shown)} />
        </div>
      </form>
    </Card>
  )
}
