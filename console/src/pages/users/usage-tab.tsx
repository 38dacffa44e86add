import type { Usage } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { AsTableSwitch } from '../../ui/as-table-switch.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { count } from '../../ui/format.ts'
import { Empty, Section, Stat, Stats, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { UsageCharts } from './usage-charts.tsx'
import { UsageTable } from './usage-table.tsx'
import { dayMs, dollars, usageGroups, usageSpans, usageTotals } from './usage-words.ts'

const route = getRouteApi('/app/users/usage')

/** What agents and models were used for, by whom, and what it cost. */
export function UsageTab(): ReactElement {
  const { by = 'agent', days = '30', as } = route.useSearch()
  const navigate = route.useNavigate()
  // Whole days, so that each point of the chart is one; a day begins at midnight UTC.
  const from = new Date((Math.floor(Date.now() / dayMs) - Number(days) + 1) * dayMs).toISOString()
  const perDay = useApi(['usage', 'day', from], (client, options) =>
    client.admin.usage({ ...options, by: 'day', from }),
  )
  const grouped = useApi(
    ['usage', by, from],
    (client, options) => client.admin.usage({ ...options, by, from }),
    { keepPrevious: true },
  )
  const error = perDay.error ?? grouped.error
  const group = usageGroups.find(one => one.by === by)
  return (
    <>
      <div className="mb-5 flex flex-wrap items-end gap-3">
        <SelectField
          label="Time"
          value={days}
          onChange={({ target }) =>
            void navigate({
              search: before => ({
                ...before,
                days: usageSpans.find(span => span.days === target.value)?.days,
              }),
              replace: true,
            })
          }
        >
          {usageSpans.map(span => (
            <option key={span.days} value={span.days}>
              {span.days === '1' ? 'Today (UTC)' : `The last ${span.label}`}
            </option>
          ))}
        </SelectField>
        <div className="ml-auto flex flex-wrap items-center gap-2">
          <CopyAsCurl call={grouped.call} />
          <AsTableSwitch
            asTable={as === 'table'}
            onChange={asTable =>
              void navigate({
                search: ({ as: _as, ...before }) => (asTable ? { ...before, as: 'table' } : before),
                replace: true,
              })
            }
          />
        </div>
      </div>
      {error && <ProblemNotice error={error} retry={() => void perDay.refetch()} />}
      {!perDay.data && !error && <Waiting what="what was used" />}
      {perDay.data && (
        <>
          <Numbers usage={perDay.data} />
          {perDay.data.data.length === 0 ? (
            <Empty title="Nothing was used in this time">
              Runs of agents and calls of models are counted here, with their tokens, credits and what
              providers ask for them.
            </Empty>
          ) : (
            <>
              {days !== '1' && <UsageCharts usage={perDay.data} asTable={as === 'table'} />}
              <Section
                title={`By ${group?.label.toLowerCase() ?? by}`}
                actions={
                  <SelectField
                    label="Grouped by"
                    hideLabel
                    value={by}
                    onChange={({ target }) =>
                      void navigate({
                        search: before => ({
                          ...before,
                          by: usageGroups.find(one => one.by === target.value)?.by,
                        }),
                        replace: true,
                      })
                    }
                  >
                    {usageGroups.map(one => (
                      <option key={one.by} value={one.by}>
                        By {one.label.toLowerCase()}
                      </option>
                    ))}
                  </SelectField>
                }
              >
                {grouped.data ? <UsageTable usage={grouped.data} /> : <Waiting what="the groups" />}
                {grouped.data?.is_cut && (
                  <Notice tone="warn">There are more than these 1,000: choose a shorter time.</Notice>
                )}
              </Section>
            </>
          )}
        </>
      )}
    </>
  )
}

function Numbers({ usage }: { usage: Usage }): ReactElement {
  const totals = usageTotals(usage.data)
  return (
    <Stats>
      <Stat label="Runs" value={count(totals.runs)} hint={`${count(totals.errors)} failed`} />
      <Stat label="Calls of models" value={count(totals.calls)} />
      <Stat label="Tokens" value={count(totals.tokens)} hint="in and out" />
      <Stat label="Credits spent" value={count(totals.credits)} />
      <Stat label="Provider cost" value={dollars(totals.cost)} hint="what they ask of you" />
    </Stats>
  )
}
