import type { User } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { AdminsOnly } from '../../ui/admins-only.tsx'
import { Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { count, counted } from '../../ui/format.ts'
import { Card, Facts, Page, Section, Stat, Stats, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Ago, Moment } from '../../ui/time.tsx'
import { History } from './history.tsx'
import { Ledger } from './ledger.tsx'
import { UserActions } from './user-actions.tsx'
import { isAdministrator, UserRole, UserState } from './user-words.tsx'

const route = getRouteApi('/app/users/$id')
const crumbs = [{ label: 'Users', link: { to: '/users' } }] as const

/** One user: rights, credits, and what was done to them. */
export function UserPage(): ReactElement {
  const { id } = route.useParams()
  return (
    <AdminsOnly
      what="other users"
      around={notice => (
        <Page title="User" crumbs={crumbs}>
          {notice}
        </Page>
      )}
    >
      <Found id={id} />
    </AdminsOnly>
  )
}

function Found({ id }: { id: string }): ReactElement {
  const user = useApi(['users', id], (client, options) => client.admin.users.get(id, options))
  if (!user.data)
    return (
      <Page title="User" crumbs={crumbs}>
        {user.error ? (
          <ProblemNotice error={user.error} retry={() => void user.refetch()} />
        ) : (
          <Waiting what="the user" />
        )}
      </Page>
    )
  return (
    <Page
      title={user.data.name || user.data.email || 'User without a name'}
      crumbs={crumbs}
      facts={<UserState user={user.data} />}
      about={user.data.name ? (user.data.email ?? undefined) : undefined}
      actions={
        <>
          <CopyAsCurl call={user.call} />
          <UserActions user={user.data} />
        </>
      }
    >
      <Numbers user={user.data} />
      <Section title="Account">
        <Card>
          <Facts facts={factsOf(user.data)} />
        </Card>
      </Section>
      <Ledger user={user.data} />
      <History id={id} />
    </Page>
  )
}

function Numbers({ user }: { user: User }): ReactElement {
  const account = useApi(['credits', user.id, 'account'], (client, options) =>
    client.admin.users.credits.get(user.id, options),
  )
  const { balance = user.credits, held } = account.data ?? {}
  return (
    <Stats>
      <Stat
        label="Balance"
        value={`${count(balance)} credits`}
        hint={held === undefined ? 'asking what is held…' : `${count(held)} held for work under way`}
      />
      <Stat label="Plan" value={user.plan} hint={isAdministrator(user) ? 'an administrator' : 'a member'} />
      <Stat
        label="Last sign-in"
        value={<Ago at={user.last_sign_in_at} />}
        hint={counted(user.sessions, 'session')}
      />
      <Stat label="API keys" value={count(user.keys)} hint="that are valid" />
    </Stats>
  )
}

function factsOf(user: User): [string, ReactElement | string][] {
  return [
    ['Id', <Identifier key="id" value={user.id} label="user id" />],
    ['E-mail', user.email ?? 'none'],
    ['Role', <UserRole key="role" user={user} />],
    ['Signs in', user.issuer === null ? 'with an account of this server' : `by ${user.issuer}`],
    ['Created', <Moment key="created" at={user.created_at} />],
    ...(user.banned_at === null
      ? []
      : ([['Banned', <Moment key="banned" at={user.banned_at} />]] satisfies [string, ReactElement][])),
  ]
}
