export type { AccountClient } from './client/account.ts'
export type { AdminClient } from './client/admin.ts'
export type { AdminProvidersClient } from './client/admin-providers.ts'
export type { AdminUsersClient, ListUsersOptions } from './client/admin-users.ts'
export type { AgentsClient, ListAgentsOptions } from './client/agents.ts'
export type { AuthClient } from './client/auth.ts'
export type { Batch, BatchOptions } from './client/batches.ts'
export type { ChangeEvent, ChangesClient, FollowChangesOptions } from './client/changes.ts'
export { type Client, type ClientOptions, createClient } from './client/client.ts'
export type { CreditsClient } from './client/credits.ts'
export { ConnectionError, UnexpectedReply } from './client/errors.ts'
export type {
  BucketFiles,
  DownloadOptions,
  FilesClient,
  FileUploadOptions,
  LinkOptions,
  ResumableUploadOptions,
} from './client/files.ts'
export type { Inference, InferenceClient, InferOptions } from './client/inference.ts'
export type { JobsClient, WaitOptions, WatchOptions } from './client/jobs.ts'
export type { KeysClient } from './client/keys.ts'
export type {
  DocumentInput,
  DocumentOptions,
  KnowledgeClient,
  ListCollectionsOptions,
  ListDocumentsOptions,
} from './client/knowledge.ts'
export type { FollowLogsOptions, ListLogsOptions, LogsClient } from './client/logs.ts'
export type { AdminMeasuredClient, MetricsOptions, ReadModelMetrics } from './client/measured.ts'
export type { ModelsClient, UploadOptions } from './client/models.ts'
export type { RequestsClient } from './client/requests.ts'
export {
  collectRun,
  createRunFold,
  type FollowedEvent,
  type RunFold,
  type RunQuestion,
  type RunState,
  type RunToolCall,
} from './client/run-state.ts'
export type {
  FollowRunOptions,
  ListRunsOptions,
  RunInput,
  RunList,
  RunsClient,
  RunTrace,
  StartRun,
} from './client/runs.ts'
export {
  createSessionStore,
  type SessionActions,
  type SessionState,
  type SessionStore,
} from './client/session-store.ts'
export type { ListTaskRunsOptions, RunTaskOptions, TasksClient } from './client/tasks.ts'
export type { ListThreadsOptions, ThreadList, ThreadsClient } from './client/threads.ts'
export type { ToolsClient } from './client/tools.ts'
export type { CallOptions } from './client/transport.ts'
export type { UploadProgress } from './client/upload.ts'
export { type Numbers, readNumbers, readStrings, type Strings } from './client/values.ts'
export * from './contract/index.ts'
