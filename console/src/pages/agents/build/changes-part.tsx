import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { buttonLook } from '../../../ui/button.tsx'
import { Empty, Section } from '../../../ui/page.tsx'
import { ChangesView } from './changes-view.tsx'
import { compareConfigs } from './compare.ts'
import { useEditor } from './editor.ts'

export function ChangesPart(): ReactElement {
  const { agent, draft, live } = useEditor()
  const changes = live ? compareConfigs(live.config, draft) : []
  const publish = (
    <Link to="/agents/$id/publish" params={{ id: agent.id }} className={buttonLook('plain', 'small')}>
      Publish…
    </Link>
  )
  return (
    <Section
      title="Draft against live"
      about="What publishing would change in what answers now, with what is not saved yet."
      actions={publish}
    >
      {!live && (
        <Empty title="Nothing is published" actions={publish}>
          Nobody but you and administrators can run this agent. The first version is made of the draft as it
          is then.
        </Empty>
      )}
      {live && changes.length === 0 && (
        <p className="text-sm text-quiet">The draft is as version {live.version}, which answers now.</p>
      )}
      {live && <ChangesView changes={changes} />}
    </Section>
  )
}
