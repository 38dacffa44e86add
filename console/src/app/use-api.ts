import type { CallOptions, Client } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import {
  keepPreviousData,
  type QueryKey,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useMemo } from 'react'

/** One call of the public API. Components show it as curl too (`CallSnippets`), so it does nothing but call. */
export type ApiCall<Answer> = (client: Client, options: CallOptions) => Promise<Answer>

/** The first part of a key is the kind of thing in the plural, as the live stream names what has changed. */
export type ApiKey = readonly [Kind, ...unknown[]]
export type Kind =
  | 'agents'
  | 'alerts'
  | 'audit'
  | 'credits'
  | 'files'
  | 'health'
  | 'invitations'
  | 'jobs'
  | 'keys'
  | 'collections'
  | 'logs'
  | 'me'
  | 'metrics'
  | 'models'
  | 'plans'
  | 'predictions'
  | 'providers'
  | 'reports'
  | 'runs'
  | 'secrets'
  | 'sessions'
  | 'settings'
  | 'tasks'
  | 'templates'
  | 'usage'
  | 'users'

export type QueryChoices = {
  enabled?: boolean
  /** Only for what the live stream does not tell. */
  refetchInterval?: number | false
  /** Keeps what was shown while what follows a change of the key is asked for. */
  keepPrevious?: boolean
}

export type ApiQuery<Answer> = UseQueryResult<Answer> & { call: ApiCall<Answer> }

/** What the server answers, kept under `key`, asked anew when the live stream names its kind. */
export function useApi<Answer>(
  key: ApiKey,
  call: ApiCall<Answer>,
  { enabled = true, refetchInterval = false, keepPrevious = false }: QueryChoices = {},
): ApiQuery<Answer> {
  const client = useClient()
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => call(client, { signal }),
    enabled,
    refetchInterval,
    ...(keepPrevious && { placeholderData: keepPreviousData }),
  })
  return Object.assign(query, { call })
}

type Page<Item> = { data: Item[]; next_cursor: string | null }

export type ApiPages<Item> = {
  items: Item[]
  error: Error | null
  isPending: boolean
  hasMore: boolean
  isLoadingMore: boolean
  loadMore(): void
  refetch(): void
  call: ApiCall<Page<Item>>
}

/** A list of the server, page after page; `call` hands `cursor` on. */
export function useApiPages<Item>(
  key: ApiKey,
  call: (client: Client, options: CallOptions & { cursor?: string }) => Promise<Page<Item>>,
  { enabled = true }: Pick<QueryChoices, 'enabled'> = {},
): ApiPages<Item> {
  const client = useClient()
  const query = useInfiniteQuery({
    queryKey: [...key, 'pages'],
    queryFn: ({ signal, pageParam }) =>
      call(client, pageParam === null ? { signal } : { signal, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: last => last.next_cursor,
    enabled,
  })
  const pages = query.data?.pages
  // The same list as long as its pages are the same: tables measure and draw a new one anew.
  const items = useMemo(() => pages?.flatMap(page => page.data) ?? [], [pages])
  return {
    items,
    error: query.error,
    isPending: query.isPending,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage()
    },
    refetch: () => void query.refetch(),
    call,
  }
}

/** A change. When it is done, all that is known of the kinds in `changes` is asked for anew. */
export function useApiChange<Input, Answer>(
  change: (client: Client, input: Input) => Promise<Answer>,
  changes: readonly Kind[],
): UseMutationResult<Answer, Error, Input> {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (input: Input) => change(client, input),
    onSettled: () => refresh(queries, changes),
  })
}

/** Asks anew for what is shown of these kinds; the rest when it is shown again. */
export function refresh(
  queries: { invalidateQueries(filter: { queryKey: QueryKey }): Promise<void> },
  kinds: readonly Kind[],
): Promise<unknown> {
  return Promise.all(kinds.map(kind => queries.invalidateQueries({ queryKey: [kind] })))
}
