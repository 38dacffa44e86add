import { type ReactElement, useState } from 'react'
import { PlanList } from '../users/plan-list.tsx'
import { PriceForm } from './price-form.tsx'

/** What users may use, and what it costs them. */
export function LimitsTab(): ReactElement {
  const [open, setOpen] = useState<string>()
  return (
    <>
      <PriceForm />
      <PlanList open={open} onOpen={setOpen} />
    </>
  )
}
