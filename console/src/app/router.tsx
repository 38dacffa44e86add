import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router'
import { runStatuses } from '../pages/runs/run-words.ts'
import { ApiErrorPage, NotFoundPage } from './error-pages.tsx'
import { lazyPage } from './lazy-page.ts'
import { flag, oneOf, searchOf, text, whole } from './search-params.ts'
import { Shell } from './shell.tsx'

/** Every address of the console. Each page comes when it is first opened. */
const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage })

// Before sign-in.
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: searchOf({ next: text, error: text }),
  component: lazyPage(() => import('../pages/entrance/sign-in-page.tsx'), 'SignInPage'),
})
const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  validateSearch: searchOf({ next: text, invitation: text, error: text }),
  component: lazyPage(() => import('../pages/entrance/sign-up-page.tsx'), 'SignUpPage'),
})
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyPage(() => import('../pages/entrance/setup-page.tsx'), 'SetupPage'),
})

/** Everything behind sign-in. */
const app = createRoute({ getParentRoute: () => root, id: 'app', component: Shell })

const overview = createRoute({
  getParentRoute: () => app,
  path: '/',
  component: lazyPage(() => import('../pages/overview/overview-page.tsx'), 'OverviewPage'),
})

const models = createRoute({
  getParentRoute: () => app,
  path: '/models',
  validateSearch: searchOf({ q: text, status: text, upload: flag }),
  component: lazyPage(() => import('../pages/models/models-page.tsx'), 'ModelsPage'),
})
/** `$id` is the id of one version. */
const model = createRoute({
  getParentRoute: () => app,
  path: '/models/$id',
  component: lazyPage(() => import('../pages/models/model-page.tsx'), 'ModelPage'),
})
const modelPlayground = createRoute({
  getParentRoute: () => model,
  path: '/',
  validateSearch: searchOf({ as: oneOf(['form', 'image', 'csv', 'json', 'file']) }),
  component: lazyPage(() => import('../pages/models/playground-tab.tsx'), 'PlaygroundTab'),
})
const modelVersions = createRoute({
  getParentRoute: () => model,
  path: '/versions',
  validateSearch: searchOf({ compare: text, days: whole, upload: flag }),
  component: lazyPage(() => import('../pages/models/versions-tab.tsx'), 'VersionsTab'),
})
const modelMetrics = createRoute({
  getParentRoute: () => model,
  path: '/metrics',
  validateSearch: searchOf({ window: text, from: whole, to: whole, as: oneOf(['table']) }),
  component: lazyPage(() => import('../pages/models/metrics-tab.tsx'), 'MetricsTab'),
})
const modelPredictions = createRoute({
  getParentRoute: () => model,
  path: '/predictions',
  validateSearch: searchOf({ open: text }),
  component: lazyPage(() => import('../pages/models/predictions-tab.tsx'), 'PredictionsTab'),
})
const modelSettings = createRoute({
  getParentRoute: () => model,
  path: '/settings',
  component: lazyPage(() => import('../pages/models/settings-tab.tsx'), 'SettingsTab'),
})

const agents = createRoute({
  getParentRoute: () => app,
  path: '/agents',
  validateSearch: searchOf({ q: text, new: flag }),
  component: lazyPage(() => import('../pages/agents/agents-page.tsx'), 'AgentsPage'),
})
const agent = createRoute({
  getParentRoute: () => app,
  path: '/agents/$id',
  component: lazyPage(() => import('../pages/agents/agent-page.tsx'), 'AgentPage'),
})
const agentChat = createRoute({
  getParentRoute: () => agent,
  path: '/',
  validateSearch: searchOf({ thread: text, version: oneOf(['draft']) }),
  component: lazyPage(() => import('../pages/agents/chat-tab.tsx'), 'ChatTab'),
})
const agentBuild = createRoute({
  getParentRoute: () => agent,
  path: '/build',
  validateSearch: searchOf({ part: text }),
  component: lazyPage(() => import('../pages/agents/build-tab.tsx'), 'BuildTab'),
})
const agentRuns = createRoute({
  getParentRoute: () => agent,
  path: '/runs',
  validateSearch: searchOf({ status: oneOf(runStatuses) }),
  component: lazyPage(() => import('../pages/agents/runs-tab.tsx'), 'RunsTab'),
})
const agentPublish = createRoute({
  getParentRoute: () => agent,
  path: '/publish',
  validateSearch: searchOf({ as: oneOf(['curl', 'TypeScript', 'Python']), version: whole }),
  component: lazyPage(() => import('../pages/agents/publish-tab.tsx'), 'PublishTab'),
})
const agentKnowledge = createRoute({
  getParentRoute: () => agent,
  path: '/knowledge',
  component: lazyPage(() => import('../pages/agents/knowledge-tab.tsx'), 'KnowledgeTab'),
})
const collections = createRoute({
  getParentRoute: () => app,
  path: '/collections',
  validateSearch: searchOf({ q: text, new: flag }),
  component: lazyPage(() => import('../pages/collections/collections-page.tsx'), 'CollectionsPage'),
})
const collection = createRoute({
  getParentRoute: () => app,
  path: '/collections/$id',
  validateSearch: searchOf({
    q: text,
    mode: oneOf(['fused', 'vector', 'words']),
    status: oneOf(['queued', 'indexing', 'ready', 'failed']),
  }),
  component: lazyPage(() => import('../pages/collections/collection-page.tsx'), 'CollectionPage'),
})

const runs = createRoute({
  getParentRoute: () => app,
  path: '/runs',
  validateSearch: searchOf({ status: oneOf(runStatuses), agent: text }),
  component: lazyPage(() => import('../pages/runs/runs-page.tsx'), 'RunsPage'),
})
const run = createRoute({
  getParentRoute: () => app,
  path: '/runs/$id',
  validateSearch: searchOf({
    span: text,
    as: oneOf(['timeline', 'text', 'events', 'logs']),
    event: whole,
    q: text,
  }),
  component: lazyPage(() => import('../pages/runs/run-page.tsx'), 'RunPage'),
})
const jobs = createRoute({
  getParentRoute: () => app,
  path: '/jobs',
  validateSearch: searchOf({
    status: oneOf(['queued', 'running', 'done', 'failed', 'cancelled']),
    kind: oneOf(['model', 'batch', 'task', 'run', 'knowledge-index']),
    start: oneOf(['prediction', 'batch', 'sample']),
    model: text,
  }),
  component: lazyPage(() => import('../pages/jobs/jobs-page.tsx'), 'JobsPage'),
})
const job = createRoute({
  getParentRoute: () => app,
  path: '/jobs/$id',
  validateSearch: searchOf({ sample: flag }),
  component: lazyPage(() => import('../pages/jobs/job-page.tsx'), 'JobPage'),
})
const schedules = createRoute({
  getParentRoute: () => app,
  path: '/schedules',
  component: lazyPage(() => import('../pages/schedules/schedules-page.tsx'), 'SchedulesPage'),
})
const schedule = createRoute({
  getParentRoute: () => app,
  path: '/schedules/$name',
  validateSearch: searchOf({ run: flag }),
  component: lazyPage(() => import('../pages/schedules/schedule-page.tsx'), 'SchedulePage'),
})
const files = createRoute({
  getParentRoute: () => app,
  path: '/files',
  validateSearch: searchOf({ q: text, new: flag }),
  component: lazyPage(() => import('../pages/files/buckets-page.tsx'), 'BucketsPage'),
})
const bucket = createRoute({
  getParentRoute: () => app,
  path: '/files/$bucket',
  validateSearch: searchOf({ folder: text, q: text, open: text, sort: oneOf(['name', 'newest', 'oldest']) }),
  component: lazyPage(() => import('../pages/files/bucket-page.tsx'), 'BucketPage'),
})
const reports = createRoute({
  getParentRoute: () => app,
  path: '/reports',
  validateSearch: searchOf({ template: text, make: text }),
  component: lazyPage(() => import('../pages/reports/reports-page.tsx'), 'ReportsPage'),
})
const report = createRoute({
  getParentRoute: () => app,
  path: '/reports/$id',
  component: lazyPage(() => import('../pages/reports/report-page.tsx'), 'ReportPage'),
})

const keys = createRoute({
  getParentRoute: () => app,
  path: '/keys',
  validateSearch: searchOf({ new: flag, like: text }),
  component: lazyPage(() => import('../pages/keys/keys-page.tsx'), 'KeysPage'),
})
const account = createRoute({
  getParentRoute: () => app,
  path: '/account',
  component: lazyPage(() => import('../pages/account/account-page.tsx'), 'AccountPage'),
})
const users = createRoute({
  getParentRoute: () => app,
  path: '/users',
  component: lazyPage(() => import('../pages/users/users-page.tsx'), 'UsersPage'),
})
const usersPeople = createRoute({
  getParentRoute: () => users,
  path: '/',
  validateSearch: searchOf({
    q: text,
    role: oneOf(['admin', 'member']),
    plan: text,
    status: oneOf(['active', 'banned']),
  }),
  component: lazyPage(() => import('../pages/users/people-tab.tsx'), 'PeopleTab'),
})
const usersInvitations = createRoute({
  getParentRoute: () => users,
  path: '/invitations',
  validateSearch: searchOf({ new: flag }),
  component: lazyPage(() => import('../pages/users/invitations-tab.tsx'), 'InvitationsTab'),
})
const usersPlans = createRoute({
  getParentRoute: () => users,
  path: '/plans',
  validateSearch: searchOf({ open: text }),
  component: lazyPage(() => import('../pages/users/plans-tab.tsx'), 'PlansTab'),
})
const usersUsage = createRoute({
  getParentRoute: () => users,
  path: '/usage',
  validateSearch: searchOf({
    by: oneOf(['agent', 'model', 'user', 'day']),
    days: oneOf(['1', '7', '30', '90']),
    as: oneOf(['table']),
  }),
  component: lazyPage(() => import('../pages/users/usage-tab.tsx'), 'UsageTab'),
})
const usersAudit = createRoute({
  getParentRoute: () => users,
  path: '/audit',
  validateSearch: searchOf({ target: text, actor: text, action: text, open: whole }),
  component: lazyPage(() => import('../pages/users/audit-tab.tsx'), 'AuditTab'),
})
const user = createRoute({
  getParentRoute: () => app,
  path: '/users/$id',
  component: lazyPage(() => import('../pages/users/user-page.tsx'), 'UserPage'),
})
const logs = createRoute({
  getParentRoute: () => app,
  path: '/logs',
  validateSearch: searchOf({ q: text, open: text, from: text, to: text, paused: flag }),
  component: lazyPage(() => import('../pages/logs/logs-page.tsx'), 'LogsPage'),
})
/** The whole story of one request. */
const request = createRoute({
  getParentRoute: () => app,
  path: '/requests/$id',
  validateSearch: searchOf({
    open: text,
    only: oneOf([
      'log',
      'job',
      'run',
      'llm',
      'tool',
      'approval',
      'prediction',
      'call',
      'report',
      'credit',
      'audit',
    ]),
  }),
  component: lazyPage(() => import('../pages/requests/request-page.tsx'), 'RequestPage'),
})
/** Prometheus reads `/metrics`. */
const metrics = createRoute({
  getParentRoute: () => app,
  path: '/metrics-view',
  validateSearch: searchOf({ window: text, from: whole, to: whole, as: oneOf(['table']) }),
  component: lazyPage(() => import('../pages/metrics/metrics-page.tsx'), 'MetricsPage'),
})
const settings = createRoute({
  getParentRoute: () => app,
  path: '/settings',
  component: lazyPage(() => import('../pages/settings/settings-page.tsx'), 'SettingsPage'),
})
const settingsProviders = createRoute({
  getParentRoute: () => settings,
  path: '/',
  validateSearch: searchOf({ add: text, open: text }),
  component: lazyPage(() => import('../pages/settings/providers-tab.tsx'), 'ProvidersTab'),
})
const settingsSecrets = createRoute({
  getParentRoute: () => settings,
  path: '/secrets',
  validateSearch: searchOf({ open: text, new: flag }),
  component: lazyPage(() => import('../pages/settings/secrets-tab.tsx'), 'SecretsTab'),
})
const settingsLimits = createRoute({
  getParentRoute: () => settings,
  path: '/limits',
  component: lazyPage(() => import('../pages/settings/limits-tab.tsx'), 'LimitsTab'),
})
const settingsAlerts = createRoute({
  getParentRoute: () => settings,
  path: '/alerts',
  component: lazyPage(() => import('../pages/settings/alerts-tab.tsx'), 'AlertsTab'),
})
const settingsServer = createRoute({
  getParentRoute: () => settings,
  path: '/server',
  validateSearch: searchOf({ q: text, only: oneOf(['changed']) }),
  component: lazyPage(() => import('../pages/settings/server-tab.tsx'), 'ServerTab'),
})

const tree = root.addChildren([
  signIn,
  signUp,
  setup,
  app.addChildren([
    overview,
    models,
    model.addChildren([modelPlayground, modelVersions, modelMetrics, modelPredictions, modelSettings]),
    agents,
    agent.addChildren([agentChat, agentBuild, agentRuns, agentPublish, agentKnowledge]),
    collections,
    collection,
    runs,
    run,
    jobs,
    job,
    schedules,
    schedule,
    files,
    bucket,
    reports,
    report,
    keys,
    account,
    users.addChildren([usersPeople, usersInvitations, usersPlans, usersUsage, usersAudit]),
    user,
    logs,
    request,
    metrics,
    settings.addChildren([
      settingsProviders,
      settingsSecrets,
      settingsLimits,
      settingsAlerts,
      settingsServer,
    ]),
  ]),
])

export function createConsoleRouter() {
  return createRouter({
    routeTree: tree,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: ApiErrorPage,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
