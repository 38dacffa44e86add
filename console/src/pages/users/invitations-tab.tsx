import type { Invitation } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { UserPlus, X } from 'lucide-react'
import { type ReactElement, useMemo, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { InviteDialog } from './invite-dialog.tsx'

const route = getRouteApi('/app/users/invitations')

export function InvitationsTab(): ReactElement {
  const { new: isInviting } = route.useSearch()
  const navigate = route.useNavigate()
  const [removing, setRemoving] = useState<Invitation>()
  const invitations = useApi(['invitations'], (client, options) => client.admin.invitations.list(options))
  const remove = useApiChange(
    (client, id: string) => client.admin.invitations.remove(id),
    ['invitations', 'audit'],
  )
  const columns = useMemo(() => columnsOf(setRemoving), [])
  const invite = () => void navigate({ search: { new: true } })
  const list = invitations.data?.data
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-[75ch] text-sm text-quiet">
          Whoever has the link of an invitation makes an account with its e-mail address, once.
        </p>
        <div className="flex flex-wrap items-center gap-2">
          <CopyAsCurl call={invitations.call} />
          <Button look="primary" icon={<UserPlus className="size-4" />} onClick={invite}>
            Invite someone
          </Button>
        </div>
      </div>
      {invitations.error && (
        <ProblemNotice error={invitations.error} retry={() => void invitations.refetch()} />
      )}
      {invitations.isPending && <Waiting what="the invitations" />}
      {list?.length === 0 && (
        <Empty
          title="No invitations"
          actions={
            <Button look="primary" onClick={invite}>
              Invite the first one
            </Button>
          }
        >
          An invitation is a link for one e-mail address. You hand it over yourself: nothing is sent.
        </Empty>
      )}
      {list !== undefined && list.length > 0 && (
        <Table label="Invitations" columns={columns} rows={list} keyOf={one => one.id} />
      )}
      {isInviting && <InviteDialog onClose={() => void navigate({ search: {}, replace: true })} />}
      {removing && (
        <ConfirmDialog
          title={`Take back the invitation of ${removing.email}?`}
          action="Take back"
          busy="Taking back…"
          onConfirm={() => remove.mutateAsync(removing.id)}
          onClose={() => setRemoving(undefined)}
        >
          Its link opens nothing from then on. An account that was made with it stays.
        </ConfirmDialog>
      )}
    </>
  )
}

function columnsOf(onRemove: (invitation: Invitation) => void): Column<Invitation>[] {
  return [
    {
      title: 'E-mail',
      width: 'minmax(10rem,2fr)',
      cell: one => <span className="font-medium">{one.email}</span>,
    },
    {
      title: 'Becomes',
      width: '8rem',
      cell: one => (one.role === 'admin' ? 'administrator' : <span className="text-quiet">member</span>),
    },
    { title: 'State', width: '8rem', cell: one => <InvitationState invitation={one} /> },
    { title: 'Expires', width: '9rem', cell: one => <Ago at={one.expires_at} /> },
    { title: 'Used', width: '9rem', cell: one => <Ago at={one.used_at} never="not yet" /> },
    { title: 'Made', width: '9rem', cell: one => <Ago at={one.created_at} /> },
    {
      title: 'Actions',
      width: '4.5rem',
      cell: one => (
        <IconButton
          label={`Take back the invitation of ${one.email}`}
          className="-my-1.5"
          onClick={() => onRemove(one)}
        >
          <X className="size-4" />
        </IconButton>
      ),
    },
  ]
}

function InvitationState({ invitation }: { invitation: Invitation }): ReactElement {
  if (invitation.used_at !== null) return <State tone="good">accepted</State>
  if (new Date(invitation.expires_at).getTime() <= Date.now()) return <State tone="none">expired</State>
  return <State tone="info">open</State>
}
