import { Link } from '@tanstack/react-router'
import { type ReactElement, useMemo } from 'react'
import { bytes, credits, duration } from '../../ui/format.ts'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { executorOf } from './executor.ts'
import type { Family } from './families.ts'
import { VersionBadge } from './version-badge.tsx'
import type { Served } from './version-state.ts'
import { visibilities } from './visibility.ts'

const none = <span className="text-quiet">–</span>

export function ModelsTable({
  families,
  served,
}: {
  families: readonly Family[]
  served: Served
}): ReactElement {
  const columns = useMemo(() => columnsOf(served), [served])
  return <Table label="Models" columns={columns} rows={families} keyOf={family => family.key} wide />
}

function columnsOf(served: Served): Column<Family>[] {
  return [
    {
      title: 'Name',
      width: 'minmax(8rem,1.6fr)',
      cell: ({ name, shown }) => (
        <Link
          to="/models/$id"
          params={{ id: shown.id }}
          className={rowLink}
          title={shown.description ?? name}
        >
          {name}
        </Link>
      ),
    },
    {
      title: 'Version',
      width: '4.5rem',
      cell: ({ shown, versions }) => (
        <>
          {shown.version}
          {versions.length > 1 && <span className="text-quiet"> of {versions.length}</span>}
        </>
      ),
    },
    {
      title: 'State',
      width: 'minmax(9rem,3fr)',
      cell: ({ shown, versions }) => <FamilyState {...{ shown, versions, served }} />,
    },
    {
      title: 'Runs in',
      width: '7.5rem',
      cell: ({ shown }) => {
        const executor = executorOf(shown)
        const loadMs = served.get(shown.id)?.load_ms
        if (!executor) return none
        return (
          <span title={executor.inWords}>
            {executor.place}
            {loadMs != null && <span className="text-quiet">, {duration(loadMs)}</span>}
          </span>
        )
      },
    },
    {
      title: 'Size',
      width: '5rem',
      numeric: true,
      cell: ({ shown }) => (shown.file_size_bytes === null ? none : bytes(shown.file_size_bytes)),
    },
    { title: 'Visibility', width: '4.5rem', cell: ({ shown }) => visibilities[shown.visibility].short },
    {
      title: 'Price',
      width: '5.5rem',
      numeric: true,
      cell: ({ shown }) =>
        shown.price === 0 ? 'free' : <span title="For each call">{credits(shown.price)}</span>,
    },
    { title: 'Owner', width: 'minmax(4.5rem,1fr)', cell: ({ ownerId }) => <UserName id={ownerId} /> },
    { title: 'Newest', width: '6rem', cell: ({ versions }) => <Ago at={versions[0]?.created_at} /> },
  ]
}

/** Of what is shown; and of a newer version that did not come to serve, because that is what somebody waits for. */
function FamilyState({
  shown,
  versions,
  served,
}: Pick<Family, 'shown' | 'versions'> & { served: Served }): ReactElement {
  const [newest] = versions
  if (newest === undefined || newest.id === shown.id || newest.status === 'archived')
    return <VersionBadge model={shown} served={served} />
  return (
    <span className="flex min-w-0 items-center gap-2">
      <VersionBadge model={shown} served={served} alone />
      <Link
        to="/models/$id"
        params={{ id: newest.id }}
        className="shrink-0 text-[13px] text-quiet hover:underline"
      >
        {newest.version}:
      </Link>
      <VersionBadge model={newest} served={served} />
    </span>
  )
}
