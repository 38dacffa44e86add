import { Plus } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { Empty, Section } from '../../../ui/page.tsx'
import { useEditor } from './editor.ts'
import { faultAt, faultWithin } from './faults.ts'
import { ItemList } from './item-list.tsx'
import { KindDialog } from './kind-dialog.tsx'
import { commonRuleFields, newRule, ruleFacts, ruleKinds, ruleTitle } from './rule-kinds.ts'

export function GuardrailsPart(): ReactElement {
  const { draft, set, fault } = useEditor()
  const { guardrails } = draft
  const [open, setOpen] = useState<number | 'new'>()
  const close = () => setOpen(undefined)
  const add = (
    <Button size="small" look="primary" icon={<Plus className="size-3.5" />} onClick={() => setOpen('new')}>
      Add rule
    </Button>
  )
  return (
    <Section
      title="Guardrails"
      about="Rules for what goes in and out, kept in this order. What a rule masks is masked before it is stored."
      actions={guardrails.length > 0 && add}
    >
      {guardrails.length === 0 ? (
        <Empty title="No rules yet" actions={add}>
          A rule masks personal data, refuses a pattern, limits the length, or asks an address of your own
          about each text.
        </Empty>
      ) : (
        <ItemList
          label="Rules"
          items={guardrails}
          titleOf={ruleTitle}
          factsOf={rule => ruleFacts(rule).join(' · ')}
          faultOf={index => faultAt(fault, 'guardrails', index)}
          onChange={next => set('guardrails', next)}
          onEdit={setOpen}
        />
      )}
      {open !== undefined && (
        <KindDialog
          what="rule"
          kinds={ruleKinds}
          common={commonRuleFields}
          value={typeof open === 'number' ? guardrails[open] : undefined}
          begin={newRule}
          fault={typeof open === 'number' ? faultWithin(fault, 'guardrails', open) : undefined}
          onClose={close}
          onDone={rule => {
            const next =
              typeof open === 'number'
                ? guardrails.map((one, at) => (at === open ? rule : one))
                : [...guardrails, rule]
            set('guardrails', next)
            close()
          }}
        />
      )}
    </Section>
  )
}
