import type { Agent } from '@roundhouse/sdk'
import { AppWindow } from 'lucide-react'
import type { ReactElement } from 'react'
import { buttonLook } from '../../../ui/button.tsx'
import { CodeBlock } from '../../../ui/copy.tsx'
import { useEmbeds } from './embeds.ts'
import { WayCard } from './way-card.tsx'

export function PageCard({ agent }: { agent: Agent }): ReactElement {
  const { data: embeds = [] } = useEmbeds(agent.id)
  const address = `${location.origin}/a/${agent.slug}`
  const sharing = embeds.find(embed => embed.share_page && embed.enabled)
  return (
    <WayCard
      title="Page"
      icon={<AppWindow aria-hidden="true" className="size-4 text-quiet" />}
      about={
        !agent.is_published
          ? 'Its own page, once it is published.'
          : sharing
            ? `Everyone may ask on its own page, within the limits of the key “${sharing.name}”.`
            : `Its own page: ${audience[agent.visibility]}. A widget key with “Open to everyone” opens it to all.`
      }
      actions={
        <a href={address} target="_blank" rel="noreferrer" className={buttonLook('plain', 'small')}>
          Open the page
        </a>
      }
    >
      <CodeBlock label="address of the page" code={address} />
    </WayCard>
  )
}

const audience: Record<Agent['visibility'], string> = {
  private: 'you and administrators may ask there',
  users: 'everyone who is signed in may ask there',
  public: 'everyone sees it, and who is signed in may ask there',
}
