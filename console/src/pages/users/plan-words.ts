import type { Plan } from '@roundhouse/sdk'
import { bytes, count } from '../../ui/format.ts'

type Limit = Exclude<keyof Plan, 'name'>

/** The limits of a plan, in the order in which one looks at them. Null is no limit, where there may be none. */
export const planLimits: readonly {
  name: Limit
  label: string
  unit: 'requests' | 'runs' | 'credits' | 'models' | 'bytes'
  mayBeNone: boolean
  hint?: string
}[] = [
  { name: 'requests_per_minute', label: 'Requests per minute', unit: 'requests', mayBeNone: true },
  { name: 'requests_per_hour', label: 'Requests per hour', unit: 'requests', mayBeNone: true },
  { name: 'concurrent_runs', label: 'Runs at a time', unit: 'runs', mayBeNone: true },
  {
    name: 'starting_credits',
    label: 'Credits at the start',
    unit: 'credits',
    mayBeNone: false,
    hint: 'What new users begin with.',
  },
  {
    name: 'monthly_credits',
    label: 'Credits in each month',
    unit: 'credits',
    mayBeNone: false,
    hint: 'On top of what is left, each month (UTC).',
  },
  { name: 'max_models', label: 'Model versions', unit: 'models', mayBeNone: true },
  { name: 'max_model_bytes', label: 'Model storage', unit: 'bytes', mayBeNone: true },
  { name: 'max_file_bytes', label: 'File storage', unit: 'bytes', mayBeNone: true },
]

export function limitInWords(value: number | null, unit: (typeof planLimits)[number]['unit']): string {
  if (value === null) return 'no limit'
  return unit === 'bytes' ? bytes(value) : count(value)
}

/** One line: `600 requests per minute, 4 runs at a time, 20 model versions`. */
export function planInWords(plan: Plan): string {
  const parts = [
    plan.requests_per_minute === null
      ? 'requests without limit'
      : `${count(plan.requests_per_minute)} requests per minute`,
    plan.concurrent_runs === null ? 'runs without limit' : `${count(plan.concurrent_runs)} runs at a time`,
    plan.max_models === null ? 'models without limit' : `${count(plan.max_models)} model versions`,
    plan.monthly_credits > 0
      ? `${count(plan.monthly_credits)} credits in each month`
      : `${count(plan.starting_credits)} credits at the start`,
  ]
  return parts.join(', ')
}

/** What is to be sent of a plan as it is wanted. */
export function changedLimits(before: Plan, wanted: Plan): Partial<Omit<Plan, 'name'>> {
  return Object.fromEntries(
    planLimits.filter(({ name }) => wanted[name] !== before[name]).map(({ name }) => [name, wanted[name]]),
  )
}
