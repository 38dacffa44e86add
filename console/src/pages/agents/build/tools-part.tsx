import { FileJson2, Plus } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { Empty, Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt, faultWithin } from './faults.ts'
import { ItemList } from './item-list.tsx'
import { KindDialog } from './kind-dialog.tsx'
import { OpenApiDialog } from './open-api-dialog.tsx'
import { useReference } from './references.ts'
import { commonToolFields, toolFacts, toolKinds, toolTitle } from './tool-kinds.ts'

export function ToolsPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const { tools } = draft
  const [open, setOpen] = useState<number | 'new' | 'api'>()
  const collections = useReference('collections').flatMap(group => group.choices)
  const close = () => setOpen(undefined)
  const titleOf = (name: string) => collections.find(collection => collection.value === name)?.label ?? name
  const add = (
    <>
      <Button size="small" icon={<FileJson2 className="size-3.5" />} onClick={() => setOpen('api')}>
        Import an API
      </Button>
      <Button size="small" look="primary" icon={<Plus className="size-3.5" />} onClick={() => setOpen('new')}>
        Add tool
      </Button>
    </>
  )
  return (
    <Section
      title="Tools"
      about="What the agent can call. A tool has the rights of whoever runs the agent; its answers are data to the model, never orders."
      actions={tools.length > 0 && add}
    >
      {tools.length === 0 ? (
        <Empty title="No tools yet" actions={add}>
          With tools the agent does more than talk: it asks models, searches documents, calls APIs, makes
          reports. The model chooses when.
        </Empty>
      ) : (
        <ItemList
          label="Tools"
          items={tools}
          titleOf={tool => titleOf(toolTitle(tool))}
          factsOf={tool => toolFacts(tool).map(titleOf).join(' · ')}
          faultOf={index => faultAt(fault, 'tools', index)}
          onChange={next => set('tools', next)}
          onEdit={setOpen}
        />
      )}
      {faultAt(fault, 'tools') !== undefined && fault?.path.length === 1 && (
        <p role="alert" className="mt-2 text-[13px] text-bad">
          {fault.message}
        </p>
      )}
      {open === 'api' && (
        <OpenApiDialog
          onClose={close}
          room={64 - tools.length}
          onAdd={added => {
            set('tools', [...tools, ...added])
            close()
          }}
        />
      )}
      {(open === 'new' || typeof open === 'number') && (
        <KindDialog
          what="tool"
          kinds={toolKinds}
          common={commonToolFields}
          value={typeof open === 'number' ? tools[open] : undefined}
          begin={type => (type === 'http' ? { type, method: 'GET' } : { type })}
          fault={typeof open === 'number' ? faultWithin(fault, 'tools', open) : undefined}
          onClose={close}
          onDone={tool => {
            set(
              'tools',
              typeof open === 'number'
                ? tools.map((one, at) => (at === open ? tool : one))
                : [...tools, tool],
            )
            close()
          }}
        />
      )}
    </Section>
  )
}
