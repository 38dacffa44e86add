import type { LinkedReport } from '@roundhouse/sdk'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Download, RefreshCw, Trash2 } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { useIsAdmin, useMe } from '../../app/me.ts'
import { ownAddress } from '../../app/own-address.ts'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { CodeBlock, Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { bytes, counted } from '../../ui/format.ts'
import { Card, Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { Ago, Moment } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { PageFolder, ReportPages } from './report-pages.tsx'

const route = getRouteApi('/app/reports/$id')
const crumbs = [{ label: 'Reports', link: { to: '/reports' } }] as const

export function ReportPage(): ReactElement {
  const { id } = route.useParams()
  const report = useApi(['reports', id], (client, options) => client.reports.get(id, options))
  if (!report.data)
    return (
      <Page title="Report" crumbs={crumbs}>
        {report.error ? (
          <ProblemNotice error={report.error} retry={() => void report.refetch()} />
        ) : (
          <Waiting what="the report" />
        )}
      </Page>
    )
  return (
    <Page
      title={report.data.title}
      crumbs={crumbs}
      about={`${counted(report.data.pages, 'page')}, ${bytes(report.data.size_bytes)}, made from ${report.data.template}.`}
      actions={
        <>
          <CopyAsCurl call={report.call} />
          <Actions report={report.data} />
        </>
      }
    >
      <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,2fr)_minmax(24rem,1fr)]">
        <Section title="Pages">
          <ReportPages id={id} pages={report.data.pages} version={report.data.updated_at} />
        </Section>
        <div className="min-w-0">
          <Section
            title="Link"
            actions={
              <Button
                size="small"
                icon={<RefreshCw className="size-3.5" />}
                onClick={() => void report.refetch()}
              >
                Make a new one
              </Button>
            }
          >
            <SignedLink report={report.data} />
          </Section>
          <Section title="Details">
            <Card>
              <ReportFacts report={report.data} />
            </Card>
          </Section>
        </div>
      </div>
    </Page>
  )
}

function Actions({ report }: { report: LinkedReport }): ReactElement {
  const navigate = useNavigate()
  const me = useMe()
  const isAdmin = useIsAdmin()
  const [isAsked, setAsked] = useState(false)
  const remove = useApiChange((client, id: string) => client.reports.remove(id), ['files'])
  return (
    <>
      {report.url !== null && (
        <a href={ownAddress(report.url)} className={buttonLook('primary')}>
          <Download aria-hidden="true" className="size-4" />
          Download
        </a>
      )}
      <Button
        look="danger"
        icon={<Trash2 className="size-4" />}
        refused={
          !isAdmin && report.owner_id !== me.id && 'Only whoever made it and administrators delete it.'
        }
        onClick={() => setAsked(true)}
      >
        Delete
      </Button>
      {isAsked && (
        <ConfirmDialog
          title={`Delete ${report.title}?`}
          action="Delete report"
          busy="Deleting…"
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            await remove.mutateAsync(report.id)
            await navigate({ to: '/reports' })
          }}
        >
          Its file goes with it, and links to it end. This cannot be undone.
        </ConfirmDialog>
      )}
    </>
  )
}

function SignedLink({ report: { url, expires_at: until } }: { report: LinkedReport }): ReactElement {
  if (url === null || until === null)
    return <Notice tone="warn">The file was removed from its bucket. Make the report again.</Notice>
  return (
    <>
      <CodeBlock label="Signed link" code={new URL(url, location.origin).href} />
      <p className="mt-1.5 text-[13px] text-quiet">
        Opens the file without signing in until <Moment at={until} /> (<Ago at={until} />
        ).
      </p>
    </>
  )
}

function ReportFacts({ report }: { report: LinkedReport }): ReactElement {
  return (
    <Facts
      facts={[
        [
          'Template',
          <Link
            key="template"
            to="/reports"
            search={{ template: report.template }}
            className="underline underline-offset-2"
          >
            {report.template}, version {report.version}
          </Link>,
        ],
        ['Made by', <UserName key="owner" id={report.owner_id} />],
        ['Visibility', report.visibility],
        ['Report id', <Identifier key="id" value={report.id} label="report id" />],
        ['Message id', <Identifier key="message" value={report.message_id} label="message id" />],
        ['File', <PageFolder key="file" name={report.object_name} />],
        ['First made', <Moment key="created" at={report.created_at} />],
        ['Last made', <Moment key="updated" at={report.updated_at} />],
      ]}
    />
  )
}
