import type { User } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { UserPlus } from 'lucide-react'
import { type ReactElement, useCallback } from 'react'
import { useApi, useApiPages } from '../../app/use-api.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { count } from '../../ui/format.ts'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserRole, UserState } from './user-words.tsx'

const route = getRouteApi('/app/users/')

export function PeopleTab(): ReactElement {
  const { q, role, plan, status } = route.useSearch()
  const navigate = route.useNavigate()
  const users = useApiPages(['users', 'list', q, role, plan, status], (client, options) =>
    client.admin.users.list({
      ...options,
      ...(q !== undefined && { search: q.slice(0, 254) }),
      ...(role && { role }),
      ...(plan !== undefined && { plan }),
      ...(status && { status }),
    }),
  )
  const plans = useApi(['plans'], (client, options) => client.admin.plans.list(options))
  const search = useCallback(
    (text: string) =>
      void navigate({ search: before => ({ ...before, q: text || undefined }), replace: true }),
    [navigate],
  )
  const isFiltered = q !== undefined || role !== undefined || plan !== undefined || status !== undefined
  const clear = () => void navigate({ search: {}, replace: true })

  return (
    <>
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <div className="flex w-full sm:w-auto sm:flex-1">
          <SearchField
            label="Search users"
            placeholder="Name, e-mail address or id"
            value={q ?? ''}
            onChange={search}
          />
        </div>
        <SelectField
          label="Role"
          value={role ?? ''}
          onChange={({ target }) =>
            void navigate({
              search: before => ({ ...before, role: roles.find(one => one === target.value) }),
              replace: true,
            })
          }
        >
          <option value="">All roles</option>
          <option value="admin">Administrators</option>
          <option value="member">Members</option>
        </SelectField>
        <SelectField
          label="Plan"
          value={plan ?? ''}
          onChange={({ target }) =>
            void navigate({
              search: before => ({ ...before, plan: target.value || undefined }),
              replace: true,
            })
          }
        >
          <option value="">All plans</option>
          {plans.data?.data.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </SelectField>
        <SelectField
          label="State"
          value={status ?? ''}
          onChange={({ target }) =>
            void navigate({
              search: before => ({ ...before, status: states.find(one => one === target.value) }),
              replace: true,
            })
          }
        >
          <option value="">All states</option>
          <option value="active">Active</option>
          <option value="banned">Banned</option>
        </SelectField>
        {isFiltered && (
          <Button look="quiet" onClick={clear}>
            Clear the filter
          </Button>
        )}
        <div className="flex flex-wrap items-center gap-2 sm:ml-auto">
          <CopyAsCurl call={users.call} />
          <Link to="/users/invitations" search={{ new: true }} className={buttonLook('primary')}>
            <UserPlus className="size-4" />
            Invite someone
          </Link>
        </div>
      </div>
      {users.error && <ProblemNotice error={users.error} retry={users.refetch} />}
      {users.isPending && <Waiting what="the users" />}
      {!users.isPending && !users.error && users.items.length === 0 && (
        <Empty title="Nobody is like that" actions={<Button onClick={clear}>Clear the filter</Button>}>
          No user has these words in their name or e-mail address, this role, plan and state.
        </Empty>
      )}
      {users.items.length > 0 && (
        <Table
          label="Users"
          columns={columns}
          rows={users.items}
          keyOf={user => user.id}
          hasMore={users.hasMore}
          isLoadingMore={users.isLoadingMore}
          onMore={users.loadMore}
        />
      )}
    </>
  )
}

const roles = ['admin', 'member'] as const
const states = ['active', 'banned'] as const

const columns: Column<User>[] = [
  {
    title: 'Name',
    width: 'minmax(9rem,1.5fr)',
    cell: user => (
      <Link to="/users/$id" params={{ id: user.id }} className={rowLink}>
        {user.name || user.email || user.id}
      </Link>
    ),
  },
  {
    title: 'E-mail',
    width: 'minmax(9rem,2fr)',
    cell: user => user.email ?? <span className="text-quiet">none</span>,
  },
  { title: 'Role', width: '8rem', cell: user => <UserRole user={user} /> },
  { title: 'Plan', width: '6.5rem', cell: user => user.plan },
  { title: 'State', width: '7rem', cell: user => <UserState user={user} /> },
  { title: 'Last sign-in', width: '8rem', cell: user => <Ago at={user.last_sign_in_at} /> },
  { title: 'Credits', width: '7rem', numeric: true, cell: user => count(user.credits) },
]
