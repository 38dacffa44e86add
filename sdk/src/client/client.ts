import { type AccountClient, createAccountClient } from './account.ts'
import { type AdminClient, createAdminClient } from './admin.ts'
import { type AgentsClient, createAgentsClient } from './agents.ts'
import { type AuthClient, createAuthClient, type OnToken } from './auth.ts'
import { type CacheClient, createCacheClient } from './cache.ts'
import { type ChangesClient, createChangesClient } from './changes.ts'
import { type CreditsClient, createCreditsClient } from './credits.ts'
import { createFilesClient, type FilesClient } from './files.ts'
import { createHealthClient, type HealthClient } from './health.ts'
import { createInferenceClient, type InferenceClient } from './inference.ts'
import { createJobsClient, type JobsClient } from './jobs.ts'
import { createKeysClient, type KeysClient } from './keys.ts'
import { createKnowledgeClient, type KnowledgeClient } from './knowledge.ts'
import { createLogsClient, type LogsClient } from './logs.ts'
import { createModelsClient, type ModelsClient } from './models.ts'
import { createReportsClient, type ReportsClient } from './reports.ts'
import { createRequestsClient, type RequestsClient } from './requests.ts'
import { createRunsClient, type RunsClient } from './runs.ts'
import { createTasksClient, type TasksClient } from './tasks.ts'
import { createThreadsClient, type ThreadsClient } from './threads.ts'
import { createToolsClient, type ToolsClient } from './tools.ts'
import { createTransport, type Token } from './transport.ts'

export type ClientOptions = {
  /** Where the server is, with its path prefix if it has one: `http://127.0.0.1:3000`. In a page '' is its own origin. */
  baseUrl: string
  /** API key, session token or JWT; a function is asked before each try, so that it may renew the token. */
  token?: Token
  /** Keeps what sign-in gives, for `token` to send: for pages of another site, where browsers hold cookies back. */
  onToken?: OnToken
  /** 'include' sends the session cookie to another origin too; without it only to the page's own. */
  credentials?: 'include'
  /** Instead of the global one. Uploads then go through it in a page too, where progress is only known at the end. */
  fetch?: typeof fetch
  /** Further tries after the first; default 3. */
  maxRetries?: number
  /** Milliseconds for each try, the reading of the reply included; for an upload, without progress. Default 60,000. */
  timeoutMs?: number
}

export type Client = AccountClient & {
  auth: AuthClient
  keys: KeysClient
  admin: AdminClient
  models: ModelsClient
  files: FilesClient
  inference: InferenceClient
  knowledge: KnowledgeClient
  agents: AgentsClient
  jobs: JobsClient
  runs: RunsClient
  /** Conversations with agents. */
  threads: ThreadsClient
  reports: ReportsClient
  credits: CreditsClient
  tasks: TasksClient
  tools: ToolsClient
  logs: LogsClient
  requests: RequestsClient
  health: HealthClient
  cache: CacheClient
  changes: ChangesClient
}

/**
 * A client of one Roundhouse server, for Node 20 or later and for browsers.
 *
 * Every call may throw Problem (the server said no), ConnectionError (no reply), UnexpectedReply (not a reply of
 * this server) or the reason of its AbortSignal. Calls are tried again where that cannot do a thing twice.
 */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, token, maxRetries = 3, timeoutMs = 60_000 } = options
  if (!/^(https?:\/\/|\/|$)/.test(baseUrl)) {
    throw new TypeError(`baseUrl starts with http:// or https://, got "${baseUrl}".`)
  }
  const root = baseUrl.replace(/\/+$/, '')
  const send = createTransport({
    baseUrl: root,
    token,
    credentials: options.credentials,
    fetch: options.fetch,
    maxRetries,
    timeoutMs,
  })
  return {
    ...createAccountClient(send),
    auth: createAuthClient(send, options.onToken),
    keys: createKeysClient(send),
    admin: createAdminClient(send),
    models: createModelsClient(send),
    files: createFilesClient(send, root),
    inference: createInferenceClient(send),
    knowledge: createKnowledgeClient(send),
    agents: createAgentsClient(send),
    jobs: createJobsClient(send),
    runs: createRunsClient(send),
    threads: createThreadsClient(send),
    reports: createReportsClient(send),
    credits: createCreditsClient(send),
    tasks: createTasksClient(send),
    tools: createToolsClient(send),
    logs: createLogsClient(send),
    requests: createRequestsClient(send),
    health: createHealthClient(send),
    cache: createCacheClient(send),
    changes: createChangesClient(send),
  }
}
