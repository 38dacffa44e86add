import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { NotReady } from './playground/not-ready.tsx'
import { Playground } from './playground/playground.tsx'
import { useModel, useServed } from './use-models.ts'

const route = getRouteApi('/app/models/$id')

/** The model with values of one's own: what it gives, how fast, and the same call from elsewhere. */
export function PlaygroundTab(): ReactElement {
  const { id } = route.useParams()
  const query = useModel(id)
  const { served } = useServed()
  const model = query.data
  if (!model)
    return query.error ? (
      <ProblemNotice error={query.error} retry={() => void query.refetch()} />
    ) : (
      <Waiting what="the model" />
    )
  const held = served.get(id)
  const isOut = held?.state === 'failed' || (held?.state === 'unloaded' && held.reason !== null)
  if (model.status !== 'ready' || isOut) return <NotReady model={model} served={served} />
  return <Playground key={id} model={model} />
}
