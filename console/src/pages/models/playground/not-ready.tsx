import type { Model } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { Button, buttonLook } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { useRefusal } from '../use-refusal.ts'
import { VersionBadge } from '../version-badge.tsx'
import { type Served, versionState } from '../version-state.ts'

/** Instead of a form that would get no answer: how the model is, why, and the next step. */
export function NotReady({ model, served }: { model: Model; served: Served }): ReactElement {
  const refused = useRefusal(model.owner_id)
  const load = useApiChange(
    (client, name: string) => client.inference.load(name, { timeoutMs: 310_000 }),
    ['models'],
  )
  const mayLoad = model.status === 'ready'
  const { reason } = versionState(model, served)
  return (
    <Empty
      title={`${model.name}, version ${model.version}, cannot predict now`}
      actions={
        mayLoad ? (
          <Button
            look="primary"
            refused={refused}
            busy={load.isPending && 'Loading…'}
            onClick={() => load.mutate(model.name)}
          >
            Load now
          </Button>
        ) : (
          <Link to="/models/$id/versions" params={{ id: model.id }} className={buttonLook('plain')}>
            See its versions
          </Link>
        )
      }
    >
      <p className="mb-2 flex justify-center">
        <VersionBadge model={model} served={served} alone />
      </p>
      {reason !== null && <p className="[overflow-wrap:anywhere]">{reason}</p>}
      {load.error !== null && <ProblemNotice error={load.error} retry={() => load.mutate(model.name)} />}
    </Empty>
  )
}
