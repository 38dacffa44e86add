import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { shortId } from '../../ui/format.ts'

/** A version of a model by its name, for whom it is there to be seen. */
export function ModelName({ id }: { id: string }): ReactElement {
  const model = useApi(['models', id], (client, options) => client.models.get(id, options))
  return (
    <Link to="/models/$id" params={{ id }} title={id} className="underline-offset-2 hover:underline">
      {model.data ? (
        <>
          {model.data.name} <span className="text-quiet">{model.data.version}</span>
        </>
      ) : (
        <code className="font-mono text-[13px] text-quiet">{shortId(id)}</code>
      )}
    </Link>
  )
}
