import type { User } from '@roundhouse/sdk'
import { Ban, LogOut, MoreHorizontal, ShieldCheck, ShieldMinus, Undo2 } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { useMe } from '../../app/me.ts'
import { useApiChange } from '../../app/use-api.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { counted } from '../../ui/format.ts'
import { Menu } from '../../ui/menu.tsx'
import { toast } from '../../ui/toast.ts'
import { ChangePlan } from './change-plan.tsx'
import { GrantDialog } from './grant-dialog.tsx'
import { isAdministrator } from './user-words.tsx'

type Act = 'plan' | 'credits' | 'role' | 'ban' | 'revoke'

/** What administrators do to a user; each says first what comes of it. */
export function UserActions({ user }: { user: User }): ReactElement {
  const [act, setAct] = useState<Act>()
  const me = useMe()
  const isMe = user.id === me.id
  const isAdmin = isAdministrator(user)
  const close = () => setAct(undefined)
  return (
    <>
      <Button onClick={() => setAct('plan')}>Change plan</Button>
      <Button look="primary" onClick={() => setAct('credits')}>
        Grant credits
      </Button>
      <Menu
        trigger={
          <IconButton label="More actions">
            <MoreHorizontal className="size-4" />
          </IconButton>
        }
        items={[
          {
            label: isAdmin ? 'Make a member' : 'Make an administrator',
            icon: isAdmin ? <ShieldMinus className="size-4" /> : <ShieldCheck className="size-4" />,
            onSelect: () => setAct('role'),
          },
          {
            label: 'End sessions and keys',
            icon: <LogOut className="size-4" />,
            onSelect: () => setAct('revoke'),
          },
          user.banned_at === null
            ? {
                label: 'Ban',
                icon: <Ban className="size-4" />,
                danger: true,
                refused: isMe && 'You cannot ban yourself.',
                onSelect: () => setAct('ban'),
              }
            : { label: 'Let back in', icon: <Undo2 className="size-4" />, onSelect: () => setAct('ban') },
        ]}
      />
      {act === 'plan' && <ChangePlan user={user} onClose={close} />}
      {act === 'credits' && <GrantDialog user={user} onClose={close} />}
      {act === 'role' && <ChangeRole user={user} onClose={close} />}
      {act === 'ban' && <ChangeBan user={user} onClose={close} />}
      {act === 'revoke' && <EndAccess user={user} onClose={close} />}
    </>
  )
}

type ActProps = { user: User; onClose: () => void }

function ChangeRole({ user, onClose }: ActProps): ReactElement {
  const isAdmin = isAdministrator(user)
  const change = useApiChange(
    client => client.admin.users.setRoles(user.id, isAdmin ? ['member'] : ['admin', 'member']),
    ['users', 'audit'],
  )
  return (
    <ConfirmDialog
      title={isAdmin ? `Make ${user.name} a member?` : `Make ${user.name} an administrator?`}
      action={isAdmin ? 'Make a member' : 'Make an administrator'}
      busy="Changing…"
      onConfirm={() => change.mutateAsync(undefined)}
      onClose={onClose}
    >
      {isAdmin
        ? 'They see what is theirs and what is shared from then on, and change no users, plans and settings. The last administrator stays one.'
        : 'They see and change everything: models, agents, runs and files of everyone, users, plans, credits, providers and secrets.'}
    </ConfirmDialog>
  )
}

function ChangeBan({ user, onClose }: ActProps): ReactElement {
  const isBanned = user.banned_at !== null
  const change = useApiChange(
    client => client.admin.users.update(user.id, { banned: !isBanned }),
    ['users', 'audit'],
  )
  return (
    <ConfirmDialog
      title={isBanned ? `Let ${user.name} back in?` : `Ban ${user.name}?`}
      action={isBanned ? 'Let back in' : 'Ban user'}
      busy="Changing…"
      onConfirm={() => change.mutateAsync(undefined)}
      onClose={onClose}
    >
      {isBanned
        ? 'Their sessions and keys that have not expired work again, with the rights they had.'
        : 'Every call of theirs is refused within 5 seconds, on every replica. What is theirs stays, and they can be let back in.'}
    </ConfirmDialog>
  )
}

function EndAccess({ user, onClose }: ActProps): ReactElement {
  const revoke = useApiChange(client => client.admin.users.revoke(user.id), ['users', 'audit', 'keys'])
  return (
    <ConfirmDialog
      title={`End every session and key of ${user.name}?`}
      action="End them"
      busy="Ending…"
      onConfirm={async () => {
        const { sessions, keys } = await revoke.mutateAsync(undefined)
        void toast(`${counted(sessions, 'session')} and ${counted(keys, 'key')} were ended.`)
      }}
      onClose={onClose}
    >
      They are signed out everywhere and their {counted(user.keys, 'API key')} stop working for good. They may
      sign in again and make new ones.
    </ConfirmDialog>
  )
}
