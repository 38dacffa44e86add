import type { AccountLimits, CreateModel, Model } from '@roundhouse/sdk'
import { type ReactElement, useCallback, useState } from 'react'
import { useMe } from '../../app/me.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { CheckField, TextArea, TextField } from '../../ui/field.tsx'
import { bytes } from '../../ui/format.ts'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { faultOfName, limitsInWords, nameFromFile, refusalOf } from './upload-rules.ts'
import { VisibilityField } from './visibility-field.tsx'

/** What a file is to be called, and who may use it. What the server would refuse is told here, and nothing is sent. */
export function UploadForm({
  file,
  name: fixedName,
  models,
  limits,
  before = {},
  error,
  onOther,
  onSend,
}: {
  file: File
  name?: string
  models: readonly Model[]
  limits: AccountLimits | undefined
  /** What was filled in for the upload that failed. */
  before?: Partial<CreateModel>
  /** Why the upload before this one failed. */
  error?: unknown
  onOther: () => void
  onSend: (draft: CreateModel) => void
}): ReactElement {
  const me = useMe()
  const [name, setName] = useState(() => fixedName ?? before.name ?? nameFromFile(file.name))
  const [version, setVersion] = useState(before.version ?? '')
  const [description, setDescription] = useState(before.description ?? '')
  const [visibility, setVisibility] = useState(before.visibility)
  const [price, setPrice] = useState(before.price === undefined ? '' : String(before.price))
  const [embeds, setEmbeds] = useState(before.kind === 'embedding')
  const fault = faultOfName(name)
  const versionFault =
    version === '' || faultOfName(version) === undefined
      ? undefined
      : 'A version has letters, digits, dots, underscores and hyphens, with a letter or digit first.'
  const priceFault = /^\d{0,9}$/.test(price) ? undefined : 'A whole number of credits, 0 for free.'
  const refusal = refusalOf(file.size, limits)
  const existing = models.filter(model => model.name === name && model.owner_id === me.id)
  const draft: CreateModel = {
    name,
    ...(version !== '' && { version }),
    ...(description !== '' && { description }),
    ...(visibility !== undefined && { visibility }),
    ...(price !== '' && { price: Number(price) }),
    ...(embeds && { kind: 'embedding' as const }),
  }
  const text = JSON.stringify(draft)
  const call = useCallback(
    (client: Parameters<Parameters<typeof CopyAsCurl>[0]['call']>[0]) =>
      client.models.push(new Uint8Array(), { ...(JSON.parse(text) as CreateModel), fileName: file.name }),
    [text, file.name],
  )

  return (
    <form
      className="grid gap-4"
      onSubmit={event => {
        event.preventDefault()
        if (!fault && !versionFault && !priceFault && !refusal) onSend(draft)
      }}
    >
      <div className="flex flex-wrap items-center justify-between gap-2 rounded-lg bg-sunken px-3 py-2 text-sm">
        <span className="min-w-0 [overflow-wrap:anywhere]">
          <span className="font-medium">{file.name}</span>{' '}
          <span className="text-quiet">{bytes(file.size)}</span>
        </span>
        <Button size="small" onClick={onOther}>
          Choose another
        </Button>
      </div>
      {error !== undefined && <ProblemNotice error={error} />}
      {refusal !== undefined && <Notice tone="bad">{refusal}</Notice>}
      {fixedName === undefined && (
        <TextField
          label="Name"
          value={name}
          onChange={event => setName(event.target.value)}
          error={fault}
          hint={
            existing.length > 0
              ? `You have ${name} already: this becomes its next version.`
              : `A new model. Its page will be /m/${name}.`
          }
          spellCheck={false}
          autoComplete="off"
          autoFocus
        />
      )}
      <details>
        <summary className="text-sm font-medium">More: version, description, who may use it, price</summary>
        <div className="mt-3 grid gap-4">
          <TextField
            label="Version"
            value={version}
            onChange={event => setVersion(event.target.value)}
            error={versionFault}
            placeholder="the next number"
            spellCheck={false}
          />
          <TextArea
            label="Description"
            rows={2}
            value={description}
            onChange={event => setDescription(event.target.value)}
            maxLength={10_000}
          />
          <VisibilityField value={visibility ?? 'private'} onChange={setVisibility} />
          <TextField
            label="Price of a call, in credits"
            inputMode="numeric"
            value={price}
            onChange={event => setPrice(event.target.value)}
            error={priceFault}
            placeholder="0, free"
          />
          <CheckField
            label="Gives vectors of texts"
            hint="Then it also answers POST /v1/embeddings under its name (kind embedding)."
            checked={embeds}
            onChange={event => setEmbeds(event.target.checked)}
          />
        </div>
      </details>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <CopyAsCurl call={call} />
        <Button look="primary" type="submit" refused={refusal ?? fault ?? versionFault ?? priceFault}>
          Upload
        </Button>
      </div>
      {limits && refusal === undefined && <p className="text-[13px] text-quiet">{limitsInWords(limits)}</p>}
    </form>
  )
}
