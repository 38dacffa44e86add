import type { Agent, Embed } from '@roundhouse/sdk'
import { EllipsisVertical } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { scriptTag } from '../../../agent/agent-snippets.ts'
import { useApiChange } from '../../../app/use-api.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { CodeBlock } from '../../../ui/copy.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { count, credits } from '../../../ui/format.ts'
import { Menu } from '../../../ui/menu.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { State } from '../../../ui/state.tsx'
import { embedCopy } from './embeds.ts'

export function EmbedItem({
  agent,
  embed,
  onEdit,
}: {
  agent: Agent
  embed: Embed
  onEdit: () => void
}): ReactElement {
  const [open, setOpen] = useState<'replace' | 'remove'>()
  const change = useApiChange(
    (client, enabled: boolean) => client.agents.embeds.update(agent.id, embed.id, { enabled }),
    ['agents'],
  )
  const remove = useApiChange((client, id: string) => client.agents.embeds.remove(agent.id, id), ['agents'])
  const replace = useApiChange(
    async (client, old: Embed) => {
      // One key of an agent opens the page to everyone: the old one gives that up first.
      await client.agents.embeds.update(agent.id, old.id, { enabled: false, share_page: false })
      return client.agents.embeds.create(agent.id, embedCopy(old))
    },
    ['agents'],
  )
  const close = () => setOpen(undefined)
  return (
    <li className="grid grid-cols-1 gap-2 border-t border-line pt-3">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="min-w-0 text-sm font-medium [overflow-wrap:anywhere]">{embed.name}</h3>
        {embed.enabled ? <State tone="good">on</State> : <State tone="none">switched off</State>}
        {embed.share_page && <State tone="info">page open to everyone</State>}
        <span className="ml-auto" />
        <Button size="small" onClick={onEdit} aria-label={`Change ${embed.name}`}>
          Change
        </Button>
        <Button
          size="small"
          busy={change.isPending && 'Switching…'}
          onClick={() => change.mutate(!embed.enabled)}
          aria-label={`Switch ${embed.enabled ? 'off' : 'on'} ${embed.name}`}
        >
          Switch {embed.enabled ? 'off' : 'on'}
        </Button>
        <Menu
          trigger={
            <IconButton label={`More for ${embed.name}`}>
              <EllipsisVertical className="size-4" />
            </IconButton>
          }
          items={[
            { label: 'Replace the key…', onSelect: () => setOpen('replace') },
            { label: 'Delete…', onSelect: () => setOpen('remove'), danger: true },
          ]}
        />
      </div>
      <p className="text-[13px] text-quiet [overflow-wrap:anywhere]">
        {embed.origins.length === 0 ? 'No other site' : embed.origins.join(', ')} ·{' '}
        {count(embed.runs_per_minute)} runs a minute and {count(embed.runs_per_visitor)} a day per visitor,{' '}
        {count(embed.runs_per_day)} a day in all
        {embed.credits_per_day !== null && ` · ${credits(embed.credits_per_day)} a day`}
      </p>
      <CodeBlock label={`script tag of ${embed.name}`} code={scriptTag(location.origin, embed.key)} />
      {change.error && <ProblemNotice error={change.error} />}
      {open === 'replace' && (
        <ConfirmDialog
          title={`Replace the key of ${embed.name}?`}
          action="Replace the key"
          busy="Replacing…"
          onClose={close}
          onConfirm={() => replace.mutateAsync(embed)}
        >
          A new key with the same settings is made, and the old one is switched off at once: sites that have
          it must be given the new script tag.
        </ConfirmDialog>
      )}
      {open === 'remove' && (
        <ConfirmDialog
          title={`Delete the key ${embed.name}?`}
          action="Delete key"
          busy="Deleting…"
          onClose={close}
          onConfirm={() => remove.mutateAsync(embed.id)}
        >
          It opens nothing from then on, on {embed.origins.join(', ') || 'the page of the agent'}. The runs of
          its visitors stay.
        </ConfirmDialog>
      )}
    </li>
  )
}
