import type { Plan } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Card, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { PlanDialog } from './plan-dialog.tsx'
import { limitInWords, planLimits } from './plan-words.ts'

/** Every plan beside the others, so that their limits are compared. */
export function PlanList({
  open,
  onOpen,
}: {
  /** Name of the plan that is being changed. */
  open: string | undefined
  onOpen: (name: string | undefined) => void
}): ReactElement {
  const plans = useApi(['plans'], (client, options) => client.admin.plans.list(options))
  const opened = plans.data?.data.find(plan => plan.name === open)
  return (
    <Section
      title="Plans"
      about="What users of a plan may use at most. A change counts within 5 seconds, on every replica."
      actions={<CopyAsCurl call={plans.call} />}
    >
      {plans.isPending && <Waiting what="the plans" />}
      {plans.error && <ProblemNotice error={plans.error} retry={() => void plans.refetch()} />}
      <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
        {plans.data?.data.map(plan => (
          <PlanCard key={plan.name} plan={plan} onChange={() => onOpen(plan.name)} />
        ))}
      </div>
      {opened && <PlanDialog key={opened.name} plan={opened} onClose={() => onOpen(undefined)} />}
    </Section>
  )
}

function PlanCard({ plan, onChange }: { plan: Plan; onChange: () => void }): ReactElement {
  return (
    <Card>
      <div className="mb-3 flex items-center justify-between gap-3">
        <h3 className="text-base font-semibold">{plan.name}</h3>
        <Button size="small" onClick={onChange} aria-label={`Change the plan ${plan.name}`}>
          Change
        </Button>
      </div>
      <dl className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-1.5 text-sm">
        {planLimits.map(({ name, label, unit }) => (
          <div key={name} className="contents">
            <dt className="text-quiet">{label}</dt>
            <dd className="text-right font-medium tabular">
              {plan[name] === null ? (
                <span className="font-normal text-quiet">no limit</span>
              ) : (
                limitInWords(plan[name], unit)
              )}
            </dd>
          </div>
        ))}
      </dl>
      <Link to="/users" search={{ plan: plan.name }} className={`${buttonLook('quiet', 'small')} mt-3 -ml-2`}>
        Who has it
      </Link>
    </Card>
  )
}
