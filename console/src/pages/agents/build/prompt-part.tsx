import { Plus, Trash2 } from 'lucide-react'
import type { ReactElement } from 'react'
import { Button } from '../../../ui/button.tsx'
import { TextArea } from '../../../ui/field.tsx'
import { count } from '../../../ui/format.ts'
import { Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'

export function PromptPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const error = faultAt(fault, 'system_prompt')
  return (
    <>
      <Section
        title="Prompt"
        about="Who the agent is, what it does and how it answers. Callers do not see it."
      >
        <TextArea
          label="System prompt"
          hideLabel
          rows={16}
          value={draft.system_prompt}
          onChange={event => set('system_prompt', event.target.value)}
          hint={`${count(draft.system_prompt.length)} of 100,000 characters`}
          className="max-w-4xl font-mono text-[13px]"
          {...(error !== undefined && { error })}
        />
      </Section>
      <Section
        title="Texts below the prompt"
        about="Short facts that the model is always told. For documents use a collection: they are searched instead of told whole."
        actions={
          <Button
            size="small"
            icon={<Plus className="size-3.5" />}
            onClick={() => set('knowledge', [...draft.knowledge, { content: '' }])}
          >
            Add text
          </Button>
        }
      >
        <div className="grid max-w-4xl gap-3">
          {draft.knowledge.length === 0 && <p className="text-sm text-quiet">None yet.</p>}
          {draft.knowledge.map((text, index) => {
            const wrong = faultAt(fault, 'knowledge', index)
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: two texts may be alike, and none has an id
              <div key={index} className="grid gap-1">
                <TextArea
                  label={`Text ${index + 1}`}
                  rows={4}
                  value={text.content}
                  onChange={event =>
                    set(
                      'knowledge',
                      draft.knowledge.map((one, at) =>
                        at === index ? { content: event.target.value } : one,
                      ),
                    )
                  }
                  {...(wrong !== undefined && { error: wrong })}
                />
                <div>
                  <Button
                    look="quiet"
                    size="small"
                    icon={<Trash2 className="size-3.5" />}
                    onClick={() =>
                      set(
                        'knowledge',
                        draft.knowledge.filter((_text, at) => at !== index),
                      )
                    }
                  >
                    Remove text {index + 1}
                  </Button>
                </div>
              </div>
            )
          })}
        </div>
      </Section>
    </>
  )
}
