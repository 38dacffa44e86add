import type { Alert } from '@roundhouse/sdk'
import { BellRing } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { useApiChange, useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { AlertDrawer } from './alert-drawer.tsx'
import { AlertTestResult } from './alert-test-result.tsx'

/** What the server found wrong, and whether somebody is told. */
export function AlertsTab(): ReactElement {
  const alerts = useApiPages(['alerts'], (client, options) => client.admin.alerts.list(options))
  const test = useApiChange(client => client.admin.alerts.test(), ['audit'])
  const [open, setOpen] = useState<Alert>()
  const columns = columnsOf(setOpen)
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-[75ch] text-sm text-quiet">
          The server looks every minute: many errors, jobs and tasks that failed, a disk that fills up. Each
          trouble is one alert, told once an hour while it lasts and once when it is over.
        </p>
        <div className="flex flex-wrap items-center gap-2">
          <CopyAsCurl call={alerts.call} />
          <Button
            look="primary"
            icon={<BellRing className="size-4" />}
            busy={test.isPending && 'Sending…'}
            onClick={() => test.mutate(undefined)}
          >
            Send a test
          </Button>
        </div>
      </div>
      <div aria-live="polite" className="mb-4 grid gap-2 empty:mb-0">
        {test.error && <ProblemNotice error={test.error} />}
        {test.data && <AlertTestResult results={test.data.data} />}
      </div>
      {alerts.error && <ProblemNotice error={alerts.error} retry={alerts.refetch} />}
      {alerts.isPending && <Waiting what="the alerts" />}
      {!alerts.isPending && !alerts.error && alerts.items.length === 0 && (
        <Empty title="Nothing was wrong so far">
          Alerts stand here while they last and for 90 days afterwards. Send a test to see whether they reach
          you.
        </Empty>
      )}
      {alerts.items.length > 0 && (
        <Table
          label="Alerts"
          columns={columns}
          rows={alerts.items}
          keyOf={alert => alert.id}
          hasMore={alerts.hasMore}
          isLoadingMore={alerts.isLoadingMore}
          onMore={alerts.loadMore}
        />
      )}
      {open && <AlertDrawer alert={open} onClose={() => setOpen(undefined)} />}
    </>
  )
}

function columnsOf(onOpen: (alert: Alert) => void): Column<Alert>[] {
  return [
    {
      title: 'What is wrong',
      width: 'minmax(12rem,3fr)',
      cell: alert => (
        <button
          type="button"
          className={`${rowLink} max-w-full truncate text-left`}
          onClick={() => onOpen(alert)}
        >
          {alert.summary}
        </button>
      ),
    },
    { title: 'State', width: '7rem', cell: alert => <AlertState alert={alert} /> },
    { title: 'Severity', width: '7rem', cell: alert => alert.severity },
    { title: 'Since', width: '8rem', cell: alert => <Ago at={alert.opened_at} /> },
    { title: 'Last seen', width: '8rem', cell: alert => <Ago at={alert.last_seen_at} /> },
    {
      title: 'Not told yet',
      width: '8rem',
      cell: alert =>
        alert.undelivered.length === 0 ? (
          <span className="text-quiet">all told</span>
        ) : (
          alert.undelivered.join(', ')
        ),
    },
  ]
}

function AlertState({ alert }: { alert: Alert }): ReactElement {
  if (alert.resolved_at !== null) return <State tone="good">over</State>
  return <State tone={alert.severity === 'critical' ? 'bad' : 'warn'}>open</State>
}
