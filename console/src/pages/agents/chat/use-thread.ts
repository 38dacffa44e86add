import { useClient } from '@roundhouse/sdk/react'
import { type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Kept } from '../../../chat/conversation.ts'
import { loadThread } from './load-thread.ts'

/**
 * A conversation as it was when it was opened; the chat itself follows what comes then. Not a kind of the live stream, which
 * would ask for all of it with each answer, and forgotten when it is left.
 */
export function useThread(id: string, isAsked: boolean): UseQueryResult<Kept> {
  const client = useClient()
  const queries = useQueryClient()
  const key = ['conversation', id]
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => loadThread(client, id, { signal }),
    enabled: isAsked && queries.getQueryData(key) === undefined,
    gcTime: 0,
  })
}
