import type { Run } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import type { ApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { RunsTable } from './runs-table.tsx'

/** Runs, or why there are none. */
export function RunList({
  runs,
  isFiltered,
  onClear,
  empty,
  withAgent = true,
}: {
  runs: ApiPages<Run>
  isFiltered: boolean
  onClear: () => void
  /** When there has never been one. */
  empty: ReactElement
  withAgent?: boolean
}): ReactElement {
  if (runs.error && runs.items.length === 0) return <ProblemNotice error={runs.error} retry={runs.refetch} />
  if (runs.isPending) return <Waiting what="runs" />
  if (runs.items.length > 0) return <RunsTable runs={runs} withAgent={withAgent} />
  if (!isFiltered) return empty
  return (
    <Empty title="No run is like that" actions={<Button onClick={onClear}>Clear the filters</Button>}>
      There are runs, but none that the filters let through.
    </Empty>
  )
}
