import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Card, Empty, Facts, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Ago } from '../../ui/time.tsx'
import { ServerDatabase } from './server-database.tsx'
import { ServerSettings } from './server-settings.tsx'
import { limitText, nameOfLimit } from './setting-words.ts'

/** What runs here, and what it was told at its start. */
export function ServerTab(): ReactElement {
  const isAdmin = useIsAdmin()
  const server = useApi(['settings', 'server'], (client, options) => client.admin.server(options), {
    enabled: isAdmin,
  })
  const { data, error } = server
  if (!isAdmin)
    return (
      <Empty title="For administrators">What the server was told at its start is for administrators.</Empty>
    )
  if (error) return <ProblemNotice error={error} retry={() => void server.refetch()} />
  if (!data) return <Waiting what="what runs here" />
  return (
    <>
      <div className="mb-8 grid grid-cols-1 gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Card>
            <Heading>This process</Heading>
            <Facts
              facts={[
                ['Version', `Roundhouse ${data.version}`],
                ['Environment', data.environment],
                ['Address', data.public_url],
                ['Does', data.roles.join(' and ')],
                ['Started', <Ago key="started" at={data.started_at} />],
                ['Machine', data.host],
                ['Runs on', `Node ${data.node}, ${data.platform}`],
              ]}
            />
          </Card>
          <Card>
            <Heading>Limits</Heading>
            <Facts
              facts={data.limits.map(({ name, value, meaning }) => [
                nameOfLimit(name),
                <span key={name} title={meaning} className="tabular">
                  {limitText(name, value)}
                </span>,
              ])}
            />
          </Card>
        </div>
        <Card>
          <Heading>Services</Heading>
          <Facts
            facts={data.adapters.map(({ name, kind, detail }) => [
              name,
              detail === null ? (
                kind
              ) : (
                <span key={name}>
                  {kind} <span className="block text-[13px] text-quiet">{detail}</span>
                </span>
              ),
            ])}
          />
        </Card>
      </div>
      <Section title="Database" actions={<CopyAsCurl call={server.call} />}>
        <ServerDatabase server={data} />
      </Section>
      <ServerSettings settings={data.settings} />
    </>
  )
}

function Heading({ children }: { children: string }): ReactElement {
  return <h2 className="mb-3 text-[15px] font-semibold">{children}</h2>
}
