import { isProblem } from '@roundhouse/sdk'
import type { QueryClient } from '@tanstack/react-query'

/** Says when an answer told that the session has ended. Gives back how to stop watching. */
export function watchSession(queries: QueryClient, onEnded: () => void): () => void {
  const look = (error: unknown) => {
    if (isProblem(error) && error.status === 401) onEnded()
  }
  const stops = [
    queries.getQueryCache().subscribe(event => {
      if (event.type === 'updated' && event.action.type === 'error') look(event.action.error)
    }),
    queries.getMutationCache().subscribe(event => {
      if (event.type === 'updated' && event.action.type === 'error') look(event.action.error)
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
