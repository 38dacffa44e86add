import type { ReactElement } from 'react'
import { SelectField, TextArea, TextField } from '../../../ui/field.tsx'
import { Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'

export function AboutPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const error = (field: string) => {
    const message = faultAt(fault, field)
    return message === undefined ? {} : { error: message }
  }
  return (
    <Section
      title="Name and sharing"
      about="These belong to the agent and not to a version: they count as soon as they are saved."
    >
      <div className="grid max-w-2xl gap-4">
        <TextField
          label="Name"
          value={draft.name}
          onChange={event => set('name', event.target.value)}
          {...error('name')}
        />
        <TextField
          label="Slug"
          value={draft.slug}
          onChange={event => set('slug', event.target.value)}
          hint={`Its page is /a/${draft.slug}, its model id agent:${draft.slug}. Who changes it changes both.`}
          spellCheck={false}
          className="font-mono"
          {...error('slug')}
        />
        <TextArea
          label="Description"
          value={draft.description ?? ''}
          onChange={event => set('description', event.target.value === '' ? null : event.target.value)}
          {...error('description')}
        />
        <SelectField
          label="Who may call it once it is published"
          value={draft.visibility}
          onChange={event => {
            const { value } = event.target
            if (value === 'private' || value === 'users' || value === 'public') set('visibility', value)
          }}
          {...error('visibility')}
        >
          <option value="private">private: its owner</option>
          <option value="users">users: everyone who is signed in</option>
          <option value="public">public: everyone sees it, who is signed in may call it</option>
        </SelectField>
      </div>
    </Section>
  )
}
