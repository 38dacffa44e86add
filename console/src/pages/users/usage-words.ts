import type { UsageBy, UsageRow } from '@roundhouse/sdk'
import { count } from '../../ui/format.ts'

export const dayMs = 86_400_000

export const usageSpans = [
  { days: '1', label: '24 hours' },
  { days: '7', label: '7 days' },
  { days: '30', label: '30 days' },
  { days: '90', label: '90 days' },
] as const

export const usageGroups: readonly { by: UsageBy; label: string; one: string }[] = [
  { by: 'agent', label: 'Agent', one: 'agents' },
  { by: 'model', label: 'Model', one: 'models' },
  { by: 'user', label: 'User', one: 'users' },
  { by: 'day', label: 'Day', one: 'days' },
]

export type Totals = {
  runs: number
  calls: number
  tokens: number
  credits: number
  /** Millionths of a dollar. */
  cost: number
  errors: number
}

export function usageTotals(rows: readonly UsageRow[]): Totals {
  const totals: Totals = { runs: 0, calls: 0, tokens: 0, credits: 0, cost: 0, errors: 0 }
  for (const row of rows) {
    totals.runs += row.runs
    totals.calls += row.calls
    totals.tokens += row.input_tokens + row.output_tokens
    totals.credits += row.credits
    totals.cost += row.cost_micros
    totals.errors += row.errors
  }
  return totals
}

/** Rows of days in the order of time, with those on which nothing was used. */
export function daysOf(
  rows: readonly UsageRow[],
  from: string,
  to: string,
): { at: number; row: UsageRow | undefined }[] {
  const byDay = new Map(rows.map(row => [row.key, row]))
  const days: { at: number; row: UsageRow | undefined }[] = []
  for (let at = Math.floor(Date.parse(from) / dayMs) * dayMs; at < Date.parse(to); at += dayMs)
    days.push({ at, row: byDay.get(new Date(at).toISOString().slice(0, 10)) })
  return days
}

/** `$1.25`; what is less than a cent in its first two digits. */
export function dollars(micros: number): string {
  const value = micros / 1_000_000
  return `$${value !== 0 && value < 0.01 ? value.toPrecision(2) : count(value)}`
}
