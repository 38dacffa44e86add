import type { AgentTemplate } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'

/** A draft out of a template; nobody else sees it before it is published. */
export function NewAgent({ onClose }: { onClose: () => void }): ReactElement {
  const templates = useApi(['templates', 'agents'], (client, options) => client.agents.templates(options))
  return (
    <Dialog title="New agent" onClose={onClose} wide>
      {templates.error && <ProblemNotice error={templates.error} retry={() => void templates.refetch()} />}
      {templates.isPending && <Waiting what="templates" />}
      {templates.data && <Choice templates={templates.data} onClose={onClose} />}
    </Dialog>
  )
}

function Choice({
  templates,
  onClose,
}: {
  templates: readonly AgentTemplate[]
  onClose: () => void
}): ReactElement {
  const [chosen, choose] = useState(templates[0])
  const [name, setName] = useState('')
  const navigate = useNavigate()
  const create = useApiChange(
    (client, draft: AgentTemplate['agent']) => client.agents.create(draft),
    ['agents'],
  )
  async function submit(): Promise<void> {
    if (!chosen) return
    const made = await create
      .mutateAsync({ ...chosen.agent, name: name.trim() || chosen.agent.name })
      .catch(() => undefined)
    if (made) await navigate({ to: '/agents/$id', params: { id: made.id } })
  }
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        void submit()
      }}
      className="grid gap-4"
    >
      <fieldset>
        <legend className="mb-2 text-[13px] font-medium">Begin with</legend>
        <div className="grid gap-2 sm:grid-cols-2">
          {templates.map(template => (
            <label
              key={template.name}
              className="grid content-start gap-1 rounded-xl border border-line p-3 text-sm hover:border-edge has-checked:border-accent has-checked:bg-wash has-focus-visible:outline-2 has-focus-visible:outline-accent"
            >
              <input
                type="radio"
                name="template"
                checked={template === chosen}
                onChange={() => choose(template)}
                className="sr-only"
              />
              <span className="flex flex-wrap items-center justify-between gap-2">
                <b className="font-medium">{template.agent.name}</b>
                {template.agent.model.startsWith('demo/') && (
                  <State
                    tone="none"
                    title="It answers without a key and without a language model. Choose another model under Build."
                  >
                    demo model
                  </State>
                )}
              </span>
              <span className="text-[13px] text-quiet">{template.description}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <TextField
        label="Name"
        value={name}
        onChange={event => setName(event.target.value)}
        placeholder={chosen?.agent.name}
        maxLength={200}
        hint="It can be changed later. The draft is yours alone until it is published."
      />
      {create.error && <ProblemNotice error={create.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" type="submit" busy={create.isPending && 'Making it…'}>
          Make the draft
        </Button>
      </div>
    </form>
  )
}
