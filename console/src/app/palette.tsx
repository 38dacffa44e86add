import { useSession } from '@roundhouse/sdk/react'
import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { type ReactElement, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { useIsAdmin } from './me.ts'
import { apiDocs, navigation } from './navigation.ts'
import { useTheme } from './theme.ts'
import { useApi } from './use-api.ts'

const looksLikeId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Goes to any place or thing, and does what is done most, by a few letters. */
export default function Palette({ onClose }: { onClose: () => void }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null)
  const navigate = useNavigate()
  const isAdmin = useIsAdmin()
  const { signOut } = useSession()
  const [, setTheme] = useTheme()
  const models = useApi(['models', 'palette'], (client, options) =>
    client.models.list({ ...options, limit: 100 }),
  )
  const agents = useApi(['agents', 'palette'], (client, options) =>
    client.agents.list({ ...options, limit: 100 }),
  )
  // Before it leaves the page: the browser gives the focus back only from a dialog that is still there.
  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    shown?.querySelector('input')?.focus()
    return () => shown?.close()
  }, [])
  const [text, setText] = useState('')
  const id = text.trim()
  const go = (act: () => unknown) => () => {
    onClose()
    void act()
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it
    <dialog
      ref={dialog}
      aria-label="Search and commands"
      onCancel={onClose}
      onClick={event => {
        if (event.target === dialog.current) onClose()
      }}
      className="mt-[12dvh] w-[min(38rem,calc(100vw-2rem))] rounded-xl border border-line bg-raised p-0 shadow-2xl"
    >
      <Command label="Search and commands" className="text-sm">
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="A page, a model, an agent, a command…"
          className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-quiet"
        />
        <Command.List className="max-h-[50dvh] overflow-y-auto p-2">
          <Command.Empty className="px-3 py-6 text-center text-quiet">Nothing of that name.</Command.Empty>
          {looksLikeId.test(id) && (
            <Group title="By id">
              <Item
                value={`request ${id}`}
                onSelect={go(() => navigate({ to: '/requests/$id', params: { id } }))}
              >
                The story of request {id}
              </Item>
              <Item value={`run ${id}`} onSelect={go(() => navigate({ to: '/runs/$id', params: { id } }))}>
                Run {id}
              </Item>
              <Item value={`job ${id}`} onSelect={go(() => navigate({ to: '/jobs/$id', params: { id } }))}>
                Job {id}
              </Item>
            </Group>
          )}
          <Group title="Do">
            <Item onSelect={go(() => navigate({ to: '/models', search: { upload: true } }))}>
              Upload a model
            </Item>
            <Item onSelect={go(() => navigate({ to: '/agents', search: { new: true } }))}>New agent</Item>
            <Item onSelect={go(() => navigate({ to: '/keys', search: { new: true } }))}>New API key</Item>
            <Item onSelect={go(() => navigate({ to: '/reports' }))}>Make a report</Item>
            <Item onSelect={go(() => setTheme('light'))}>Light colours</Item>
            <Item onSelect={go(() => setTheme('dark'))}>Dark colours</Item>
            <Item onSelect={go(() => setTheme('system'))}>Colours as the system</Item>
            <Item onSelect={go(signOut)}>Sign out</Item>
          </Group>
          <Group title="Go to">
            {navigation
              .flatMap(group => group.places)
              .filter(place => isAdmin || !place.adminOnly)
              .map(place => (
                <Item key={place.to} onSelect={go(() => navigate({ to: place.to }))}>
                  <place.icon aria-hidden="true" className="size-4 text-quiet" />
                  {place.label}
                </Item>
              ))}
            <Item onSelect={go(() => location.assign(apiDocs.href))}>
              <apiDocs.icon aria-hidden="true" className="size-4 text-quiet" />
              {apiDocs.label}
            </Item>
          </Group>
          <Group title="Models">
            {models.data?.data.map(model => (
              <Item
                key={model.id}
                value={`model ${model.name} ${model.version} ${model.id}`}
                onSelect={go(() => navigate({ to: '/models/$id', params: { id: model.id } }))}
              >
                {model.name}
                <span className="text-quiet">version {model.version}</span>
              </Item>
            ))}
          </Group>
          <Group title="Agents">
            {agents.data?.data.map(agent => (
              <Item
                key={agent.id}
                value={`agent ${agent.name} ${agent.id}`}
                onSelect={go(() => navigate({ to: '/agents/$id', params: { id: agent.id } }))}
              >
                {agent.name}
              </Item>
            ))}
          </Group>
        </Command.List>
      </Command>
    </dialog>
  )
}

function Group({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <Command.Group
      heading={title}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-quiet"
    >
      {children}
    </Command.Group>
  )
}

function Item({
  children,
  onSelect,
  value,
}: {
  children: ReactNode
  onSelect: () => void
  value?: string
}): ReactElement {
  return (
    <Command.Item
      {...(value !== undefined && { value })}
      onSelect={onSelect}
      className="flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-2 data-[selected=true]:bg-wash"
    >
      {children}
    </Command.Item>
  )
}
