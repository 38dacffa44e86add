import type { Agent } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useCallback, useState } from 'react'
import { type ApiCall, useApiChange } from '../../../app/use-api.ts'
import { Button, buttonLook } from '../../../ui/button.tsx'
import { CopyAsCurl } from '../../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { counted } from '../../../ui/format.ts'
import { Section, Waiting } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { State } from '../../../ui/state.tsx'
import { Ago } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.ts'
import { ChangesView } from '../build/changes-view.tsx'
import { compareConfigs } from '../build/compare.ts'
import { useLiveVersion } from '../live-version.ts'

/** What answers now, what publishing would change in it, and the button that does. */
export function PublishDraft({ agent }: { agent: Agent }): ReactElement {
  const live = useLiveVersion(agent)
  const [isUnpublishing, setUnpublishing] = useState(false)
  const publish = useApiChange((client, id: string) => client.agents.publish(id), ['agents'])
  const unpublish = useApiChange(
    (client, id: string) => client.agents.update(id, { is_published: false }),
    ['agents'],
  )
  const call: ApiCall<Agent> = useCallback(
    (client, options) => client.agents.publish(agent.id, options),
    [agent.id],
  )
  const version = live.data ?? undefined
  const changes = version ? compareConfigs(version.config, agent) : []
  const isAlike = version !== undefined && changes.length === 0
  return (
    <Section
      title="Publish"
      about={
        agent.is_published
          ? isAlike
            ? 'The draft is as the version that answers now.'
            : 'Callers are answered by the published version. Publishing makes the next version of the draft, which answers from then on.'
          : 'Nobody but you and administrators can run this agent: publish the draft to let those call it who may.'
      }
      actions={
        <>
          <CopyAsCurl call={call} />
          <Link to="/agents/$id/build" params={{ id: agent.id }} className={buttonLook('plain', 'small')}>
            Change the draft
          </Link>
          {agent.is_published && (
            <Button size="small" onClick={() => setUnpublishing(true)}>
              Unpublish…
            </Button>
          )}
          <Button
            size="small"
            look="primary"
            busy={publish.isPending && 'Publishing…'}
            refused={isAlike && 'The draft is as what is live.'}
            onClick={() =>
              publish.mutate(agent.id, {
                onSuccess: made => void toast(`Version ${made.published_version} answers now.`),
              })
            }
          >
            Publish the draft
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <p className="flex flex-wrap items-center gap-2 text-sm">
          {agent.is_published ? (
            <>
              <State tone="good">live</State> Version {agent.published_version}
              {version && (
                <span className="text-quiet">
                  made <Ago at={version.created_at} />
                </span>
              )}
              {changes.length > 0 && <span>· the draft differs in {counted(changes.length, 'field')}</span>}
            </>
          ) : (
            <State tone="none">not published</State>
          )}
        </p>
        {publish.error && <ProblemNotice error={publish.error} />}
        {live.error && <ProblemNotice error={live.error} retry={() => void live.refetch()} />}
        {agent.is_published && live.isPending && <Waiting what="the live version" />}
        {changes.length > 0 && <ChangesView changes={changes} />}
      </div>
      {isUnpublishing && (
        <ConfirmDialog
          title={`Unpublish ${agent.name}?`}
          action="Unpublish"
          busy="Unpublishing…"
          onClose={() => setUnpublishing(false)}
          onConfirm={() => unpublish.mutateAsync(agent.id)}
        >
          Its page, widgets, API callers and MCP clients are refused until a version is published again. Runs
          under way go on. Versions stay: one click rolls back to each of them.
        </ConfirmDialog>
      )}
    </Section>
  )
}
