import type { Embed } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { isJsonObject } from '../../../ui/read-json.ts'
import { faultOf, faultWithin } from '../build/faults.ts'
import { SpecForm } from '../build/spec-form.tsx'
import { embedBody, embedFields, embedForm, limitFields, newEmbed, themeFields } from './embeds.ts'

/** A widget key: made, or changed when `embed` is given. */
export function EmbedDialog({
  agentId,
  embed,
  onClose,
}: {
  agentId: string
  embed: Embed | undefined
  onClose: () => void
}): ReactElement {
  const [form, setForm] = useState(() => (embed ? embedForm(embed) : newEmbed))
  const save = useApiChange(
    (client, body: ReturnType<typeof embedBody>) =>
      embed
        ? client.agents.embeds.update(agentId, embed.id, body)
        : client.agents.embeds.create(agentId, body),
    ['agents'],
  )
  const fault = faultOf(save.error)
  const theme = isJsonObject(form.theme) ? form.theme : {}
  return (
    <Dialog title={embed ? `Widget key ${embed.name}` : 'New widget key'} onClose={onClose} place="side">
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          save.mutate(embedBody(form), { onSuccess: onClose })
        }}
      >
        <SpecForm fields={embedFields} value={form} onChange={setForm} fault={fault} />
        <fieldset className="grid gap-4 border-t border-line pt-4">
          <legend className="pr-2 text-[13px] font-semibold">Limits</legend>
          <p className="text-[13px] text-quiet">You pay what visitors ask. Days are those of UTC.</p>
          <div className="grid gap-4 sm:grid-cols-2">
            <SpecForm fields={limitFields} value={form} onChange={setForm} fault={fault} />
          </div>
        </fieldset>
        <fieldset className="grid gap-4 border-t border-line pt-4">
          <legend className="pr-2 text-[13px] font-semibold">Looks</legend>
          <SpecForm
            fields={themeFields}
            value={theme}
            onChange={next => setForm({ ...form, theme: next })}
            fault={faultWithin(fault, 'theme')}
          />
        </fieldset>
        {save.error && <ProblemNotice error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={save.isPending && 'Saving…'}>
            {embed ? 'Save the key' : 'Make the key'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
