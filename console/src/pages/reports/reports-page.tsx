import type { Report, ReportTemplates } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { FilePlus2 } from 'lucide-react'
import { type ReactElement, useCallback, useMemo } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi, useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { bytes } from '../../ui/format.ts'
import { Card, Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { MakeReport } from './make-report.tsx'

const route = getRouteApi('/app/reports')
type Template = ReportTemplates['data'][number]

export function ReportsPage(): ReactElement {
  const { template, make } = route.useSearch()
  const navigate = route.useNavigate()
  const isAdmin = useIsAdmin()
  const templates = useApi(['templates'], (client, options) => client.reports.templates(options))
  const reports = useApiPages(['reports', 'list', template], (client, options) =>
    client.reports.list({ ...options, template }),
  )
  const columns = useMemo(() => columnsFor(isAdmin), [isAdmin])
  const open = useCallback(
    (name: string | undefined) =>
      void navigate({ search: before => ({ ...before, make: name }), replace: name === undefined }),
    [navigate],
  )
  const choose = (name: string | undefined) =>
    void navigate({ search: before => ({ ...before, template: name }), replace: true })
  const chosen = templates.data?.data.find(one => one.name === make)
  const [first] = templates.data?.data ?? []

  return (
    <Page
      title="Reports"
      about="PDF files made from a template and data, each behind a signed link."
      actions={
        <>
          <CopyAsCurl call={reports.call} />
          <Button
            look="primary"
            icon={<FilePlus2 className="size-4" />}
            refused={!first && 'The templates are not there yet.'}
            onClick={() => open(template ?? first?.name)}
          >
            Make a report
          </Button>
        </>
      }
    >
      <Section title="Templates" about="Each takes its own data; the example can be made as it is.">
        {templates.error && <ProblemNotice error={templates.error} retry={() => void templates.refetch()} />}
        {templates.isPending && <Waiting what="the templates" />}
        {templates.data && <Templates templates={templates.data.data} onMake={open} />}
      </Section>
      <Section
        title="Made reports"
        actions={
          <div className="w-56">
            <SelectField
              label="Template"
              hideLabel
              value={template ?? ''}
              onChange={event => choose(event.target.value || undefined)}
            >
              <option value="">All templates</option>
              {[...new Set(templates.data?.data.map(one => one.name))].map(name => (
                <option key={name}>{name}</option>
              ))}
            </SelectField>
          </div>
        }
      >
        {reports.error && <ProblemNotice error={reports.error} retry={reports.refetch} />}
        {reports.isPending && <Waiting what="the reports" />}
        {!reports.isPending && !reports.error && reports.items.length === 0 && (
          <Empty
            title={template === undefined ? 'No reports yet' : `No report was made from ${template}`}
            actions={
              template === undefined ? (
                first && <Button onClick={() => open(first.name)}>Make one from the example</Button>
              ) : (
                <Button onClick={() => choose(undefined)}>Show all templates</Button>
              )
            }
          >
            Reports that you, your agents and your programs make are listed here.
          </Empty>
        )}
        {reports.items.length > 0 && (
          <Table
            label="Reports"
            columns={columns}
            rows={reports.items}
            keyOf={report => report.id}
            hasMore={reports.hasMore}
            isLoadingMore={reports.isLoadingMore}
            onMore={reports.loadMore}
          />
        )}
      </Section>
      {chosen && <MakeReport key={chosen.name} template={chosen} onClose={() => open(undefined)} />}
    </Page>
  )
}

function Templates({
  templates,
  onMake,
}: {
  templates: readonly Template[]
  onMake: (name: string) => void
}): ReactElement {
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(19rem,100%),1fr))] gap-3">
      {templates.map(({ name, version, description }) => (
        <li key={`${name}@${version}`}>
          <Card className="flex h-full flex-col gap-2">
            <h3 className="text-sm font-semibold">
              {name} <span className="font-normal text-quiet">version {version}</span>
            </h3>
            <p className="flex-1 text-[13px] text-quiet">{description}</p>
            <div>
              <Button size="small" aria-label={`Make a report from ${name}`} onClick={() => onMake(name)}>
                Make a report
              </Button>
            </div>
          </Card>
        </li>
      ))}
    </ul>
  )
}

function columnsFor(isAdmin: boolean): Column<Report>[] {
  const requester: Column<Report>[] = isAdmin
    ? [{ title: 'Made by', width: 'minmax(5rem,8rem)', cell: report => <UserName id={report.owner_id} /> }]
    : []
  return [
    {
      title: 'Report',
      width: 'minmax(10rem,3fr)',
      cell: report => (
        <Link to="/reports/$id" params={{ id: report.id }} className={rowLink}>
          {report.title}
        </Link>
      ),
    },
    {
      title: 'Template',
      width: 'minmax(13rem,1.5fr)',
      cell: report => (
        <>
          {report.template} <span className="text-quiet">{report.version}</span>
        </>
      ),
    },
    { title: 'Visibility', width: '5rem', cell: report => report.visibility },
    { title: 'Pages', width: '4rem', numeric: true, cell: report => report.pages },
    { title: 'Size', width: '5rem', numeric: true, cell: report => bytes(report.size_bytes) },
    ...requester,
    { title: 'Made', width: '7rem', cell: report => <Ago at={report.updated_at} /> },
  ]
}
