import { isProblem } from '@roundhouse/sdk'
import { QueryClient } from '@tanstack/react-query'

/** What the pages know of the server. The live stream says what is stale; a minute is for what it does not tell. */
export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        // A refusal is an answer; only a server that is away is asked again.
        retry: (failures, error) => !isProblem(error) && failures < 2,
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  })
}
