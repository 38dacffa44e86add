import type { ReactElement } from 'react'
import { Button } from '../../../ui/button.tsx'
import { JsonField } from '../../../ui/json-field.tsx'
import { Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'

const example = {
  type: 'object',
  properties: { answer: { type: 'string' }, sure: { type: 'boolean' } },
  required: ['answer', 'sure'],
  additionalProperties: false,
}

export function OutputPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const isEmpty = draft.output_schema === null
  return (
    <Section
      title="Output schema"
      about="A JSON Schema that every answer must keep to: the model is asked again when it does not. Empty: the answer is text."
      actions={
        isEmpty && (
          <Button size="small" onClick={() => set('output_schema', example)}>
            Begin with an example
          </Button>
        )
      }
    >
      <div className="max-w-4xl">
        <JsonField
          key={isEmpty ? 'empty' : 'there'}
          label="JSON Schema of the answer"
          value={draft.output_schema}
          onChange={schema => set('output_schema', schema ?? null)}
          hint="At most 64 kB, 1,000 values and 32 levels."
          error={faultAt(fault, 'output_schema')}
        />
      </div>
    </Section>
  )
}
