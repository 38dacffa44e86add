import type { Agent, Embed } from '@roundhouse/sdk'
import { MessageCircle, Plus } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { CopyAsCurl } from '../../../ui/copy-as-curl.tsx'
import { Waiting } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { EmbedDialog } from './embed-dialog.tsx'
import { EmbedItem } from './embed-item.tsx'
import { useEmbeds } from './embeds.ts'
import { WayCard } from './way-card.tsx'

export function WidgetCard({ agent }: { agent: Agent }): ReactElement {
  const embeds = useEmbeds(agent.id)
  const [open, setOpen] = useState<Embed | 'new'>()
  return (
    <WayCard
      title="Widget"
      icon={<MessageCircle aria-hidden="true" className="size-4 text-quiet" />}
      about="A conversation on the pages of another site, by one line. The key is public, and good for its origins alone; runs are yours, with the rights of a member."
      actions={
        <>
          <CopyAsCurl call={embeds.call} />
          <Button size="small" icon={<Plus className="size-3.5" />} onClick={() => setOpen('new')}>
            New widget key
          </Button>
        </>
      }
    >
      {embeds.error && <ProblemNotice error={embeds.error} retry={() => void embeds.refetch()} />}
      {embeds.isPending && <Waiting what="the keys" />}
      {embeds.data?.length === 0 && (
        <p className="text-sm text-quiet">
          No key yet. Make one for each site, so that each can be switched off by itself.
        </p>
      )}
      <ul aria-label="Widget keys" className="grid grid-cols-1 gap-4">
        {embeds.data?.map(embed => (
          <EmbedItem key={embed.id} agent={agent} embed={embed} onEdit={() => setOpen(embed)} />
        ))}
      </ul>
      {open !== undefined && (
        <EmbedDialog
          agentId={agent.id}
          embed={open === 'new' ? undefined : open}
          onClose={() => setOpen(undefined)}
        />
      )}
    </WayCard>
  )
}
