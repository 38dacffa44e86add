import type { Model } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { MoreHorizontal } from 'lucide-react'
import { type ReactElement, useMemo } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { bytes } from '../../ui/format.ts'
import { Menu, type MenuItem } from '../../ui/menu.tsx'
import { State } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { type Family, newerReady, whyItServes } from './families.ts'
import { VersionBadge } from './version-badge.tsx'
import type { Served } from './version-state.ts'

export type VersionAct = { what: 'compare' | 'roll-back' | 'archive' | 'restore' | 'delete'; model: Model }

export function VersionsTable({
  family,
  served,
  current,
  refusal,
  onAct,
}: {
  family: Family
  served: Served
  /** The version whose page this is. */
  current: string
  refusal: string | undefined
  onAct: (act: VersionAct) => void
}): ReactElement {
  const columns = useMemo<Column<Model>[]>(
    () => [
      {
        title: 'Version',
        width: 'minmax(6rem,1fr)',
        cell: model => (
          <Link
            to="/models/$id/versions"
            params={{ id: model.id }}
            className={rowLink}
            aria-current={model.id === current ? 'true' : undefined}
          >
            {model.version}
          </Link>
        ),
      },
      {
        title: 'State',
        width: '7.5rem',
        cell: model => <VersionBadge model={model} served={served} alone />,
      },
      {
        title: 'Serves',
        width: 'minmax(10rem,3fr)',
        cell: model => (
          <span className="flex min-w-0 items-center gap-2">
            {family.serving?.id === model.id && <State tone="good">serves</State>}
            <span
              className="min-w-0 truncate text-[13px] text-quiet"
              title={whyItServes(family, model, served)}
            >
              {whyItServes(family, model, served)}
            </span>
          </span>
        ),
      },
      {
        title: 'sha256',
        width: '8.5rem',
        cell: ({ file_hash: hash }) =>
          hash === null ? (
            <span className="text-quiet">–</span>
          ) : (
            <span className="inline-flex items-center">
              <code className="font-mono text-[13px]" title={hash}>
                {hash.slice(0, 10)}
              </code>
              <CopyButton text={hash} label="sha256" />
            </span>
          ),
      },
      {
        title: 'Size',
        width: '5rem',
        numeric: true,
        cell: model => (model.file_size_bytes === null ? '–' : bytes(model.file_size_bytes)),
      },
      { title: 'Uploader', width: 'minmax(5rem,1fr)', cell: model => <UserName id={model.owner_id} /> },
      { title: 'Uploaded', width: '6.5rem', cell: model => <Ago at={model.created_at} /> },
      {
        title: 'Actions',
        width: '4rem',
        cell: model => (
          <Menu
            trigger={
              <IconButton label={`Actions for version ${model.version}`}>
                <MoreHorizontal className="size-4" />
              </IconButton>
            }
            items={itemsOf(model, { family, current, refusal, onAct })}
          />
        ),
      },
    ],
    [family, served, current, refusal, onAct],
  )
  return <Table label="Versions" columns={columns} rows={family.versions} keyOf={model => model.id} wide />
}

function itemsOf(
  model: Model,
  {
    family,
    current,
    refusal,
    onAct,
  }: Pick<Parameters<typeof VersionsTable>[0], 'family' | 'current' | 'refusal' | 'onAct'>,
): MenuItem[] {
  const ask = (what: VersionAct['what']) => () => onAct({ what, model })
  const refused = refusal ?? false
  const items: MenuItem[] = []
  if (model.id !== current)
    items.push({ label: 'Compare with this page’s version', onSelect: ask('compare') })
  if (model.status === 'ready' && newerReady(family, model).length > 0)
    items.push({ label: 'Roll back to it', onSelect: ask('roll-back'), refused })
  if (model.status === 'ready') items.push({ label: 'Archive', onSelect: ask('archive'), refused })
  if (model.status === 'archived') items.push({ label: 'Bring back', onSelect: ask('restore'), refused })
  items.push({ label: 'Delete', onSelect: ask('delete'), danger: true, refused })
  return items
}
