import type { Agent, AgentVersion } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { CodeBlock } from '../../../ui/copy.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { Notice } from '../../../ui/state.tsx'
import { toast } from '../../../ui/toast.ts'
import { ChangesView } from '../build/changes-view.tsx'
import { compareConfigs } from '../build/compare.ts'
import { useLiveVersion } from '../live-version.ts'

/** One version: what would change if it answered again, and the button for that. */
export function VersionDialog({
  agent,
  version,
  onClose,
}: {
  agent: Agent
  version: AgentVersion
  onClose: () => void
}): ReactElement {
  const live = useLiveVersion(agent).data ?? undefined
  const rollback = useApiChange(
    (client, number: number) => client.agents.rollback(agent.id, number),
    ['agents'],
  )
  const changes = live && !version.is_published ? compareConfigs(live.config, version.config) : undefined
  return (
    <Dialog title={`Version ${version.version} of ${agent.name}`} onClose={onClose} wide>
      <div className="grid gap-4">
        {changes && changes.length > 0 && (
          <>
            <p className="text-sm text-quiet">
              What changes for callers when version {version.version} answers in the place of version{' '}
              {live?.version}:
            </p>
            <ChangesView changes={changes} />
          </>
        )}
        {changes?.length === 0 && (
          <Notice tone="info">
            It is the same configuration as version {live?.version}, which answers now.
          </Notice>
        )}
        <details open={changes === undefined}>
          <summary className="text-[13px] font-medium">The whole configuration</summary>
          <CodeBlock className="mt-2" label="configuration" code={JSON.stringify(version.config, null, 2)} />
        </details>
        {rollback.error && <ProblemNotice error={rollback.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          {!version.is_published && (
            <Button
              look="primary"
              busy={rollback.isPending && 'Rolling back…'}
              onClick={() =>
                rollback.mutate(version.version, {
                  onSuccess: () => {
                    onClose()
                    void toast(`Version ${version.version} answers now.`)
                  },
                })
              }
            >
              Let version {version.version} answer
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  )
}
