import { type Plan, plan } from '../contract/account.ts'
import {
  type AdminStats,
  type AuditEntry,
  type AuditList,
  adminStats,
  auditList,
  type CreatedInvitation,
  type CreateInvitation,
  createdInvitation,
  type Invitation,
  invitationList,
  type ListAudit,
  type PlanList,
  planList,
  type SecretList,
  secretList,
  type UpdatePlan,
} from '../contract/admin.ts'
import { type Alert, type AlertList, type AlertTest, alertList, alertTest } from '../contract/alert.ts'
import { type Prices, prices, type UpdatePrices } from '../contract/credit.ts'
import { type ListUsage, type Usage, usage } from '../contract/usage.ts'
import { type AdminProvidersClient, createAdminProvidersClient } from './admin-providers.ts'
import { type AdminUsersClient, createAdminUsersClient } from './admin-users.ts'
import { type AdminMeasuredClient, createAdminMeasuredClient } from './measured.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/** `target`: what it was done to; `actor_id`: who did it; `action`: what. Each exactly. */
export type ListAuditOptions = CallOptions & Omit<ListAudit, 'limit'> & { limit?: number }
export type UsageOptions = CallOptions & ListUsage
export type ListAlertsOptions = CallOptions & { limit?: number; cursor?: string }

/** For administrators; anyone else gets Problem `forbidden`. Every call throws what `Send` throws, and UnexpectedReply. */
export type AdminClient = AdminMeasuredClient & {
  stats(options?: CallOptions): Promise<AdminStats>
  /** What agents and models were used for, and what it cost. */
  usage(options?: UsageOptions): Promise<Usage>
  users: AdminUsersClient
  providers: AdminProvidersClient
  plans: {
    list(options?: CallOptions): Promise<PlanList>
    update(name: string, change: UpdatePlan, options?: CallOptions): Promise<Plan>
  }
  /** What work costs beside models, which have a price each. */
  prices: {
    get(options?: CallOptions): Promise<Prices>
    update(change: UpdatePrices, options?: CallOptions): Promise<Prices>
  }
  invitations: {
    list(options?: CallOptions): Promise<{ data: Invitation[] }>
    /** `token` and `url` of the reply are shown this once. */
    create(invitation: CreateInvitation, options?: CallOptions): Promise<CreatedInvitation>
    remove(id: string, options?: CallOptions): Promise<void>
  }
  secrets: {
    /** Names only: values are never read back. */
    list(options?: CallOptions): Promise<SecretList>
    /** `hosts`: where tools of agents may send it; absent: as it was, at first nowhere. */
    put(name: string, value: string, options?: CallOptions & { hosts?: readonly string[] }): Promise<void>
    remove(name: string, options?: CallOptions): Promise<void>
  }
  alerts: {
    /** Newest first, open and past. */
    list(options?: ListAlertsOptions): Promise<AlertList>
    iterate(options?: ListAlertsOptions): AsyncGenerator<Alert, void>
    /** Sends a test through each channel; what each of them said. */
    test(options?: CallOptions): Promise<AlertTest>
  }
  audit: {
    /** Newest first. */
    list(options?: ListAuditOptions): Promise<AuditList>
    iterate(options?: ListAuditOptions): AsyncGenerator<AuditEntry, void>
  }
}

export function createAdminClient(send: Send): AdminClient {
  return {
    ...createAdminMeasuredClient(send),
    async stats(options) {
      return readReply(adminStats, await send({ method: 'GET', path: '/api/v1/admin/stats' }, options))
    },
    async usage({ from, to, by, ...options } = {}) {
      const call = { method: 'GET', path: '/api/v1/admin/usage', query: { from, to, by } } as const
      return readReply(usage, await send(call, options))
    },
    users: createAdminUsersClient(send),
    providers: createAdminProvidersClient(send),
    plans: {
      async list(options) {
        return readReply(planList, await send({ method: 'GET', path: '/api/v1/admin/plans' }, options))
      },
      async update(name, change, options) {
        const call = jsonCall('PATCH', path`/api/v1/admin/plans/${name}`, JSON.stringify(change))
        return readReply(plan, await send(call, options))
      },
    },
    prices: {
      async get(options) {
        return readReply(prices, await send({ method: 'GET', path: '/api/v1/admin/prices' }, options))
      },
      async update(change, options) {
        const call = jsonCall('PATCH', '/api/v1/admin/prices', JSON.stringify(change))
        return readReply(prices, await send(call, options))
      },
    },
    invitations: createInvitationsClient(send),
    secrets: createSecretsClient(send),
    alerts: createAlertsClient(send),
    audit: createAuditClient(send),
  }
}

function createInvitationsClient(send: Send): AdminClient['invitations'] {
  return {
    async list(options) {
      const call = { method: 'GET', path: '/api/v1/admin/invitations' } as const
      return readReply(invitationList, await send(call, options))
    },
    async create(invitation, options) {
      const call = jsonCall('POST', '/api/v1/admin/invitations', JSON.stringify(invitation))
      return readReply(createdInvitation, await send({ ...call, creates: true }, options))
    },
    async remove(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/admin/invitations/${id}` }, options)
    },
  }
}

function createSecretsClient(send: Send): AdminClient['secrets'] {
  return {
    async list(options) {
      return readReply(secretList, await send({ method: 'GET', path: '/api/v1/admin/secrets' }, options))
    },
    async put(name, value, { hosts, ...options } = {}) {
      const body = JSON.stringify({ value, hosts })
      await send(jsonCall('PUT', path`/api/v1/admin/secrets/${name}`, body), options)
    },
    async remove(name, options) {
      await send({ method: 'DELETE', path: path`/api/v1/admin/secrets/${name}` }, options)
    },
  }
}

function createAlertsClient(send: Send): AdminClient['alerts'] {
  const list = async ({ limit, cursor, ...options }: ListAlertsOptions = {}) => {
    const query = { limit, cursor }
    return readReply(alertList, await send({ method: 'GET', path: '/api/v1/admin/alerts', query }, options))
  }
  return {
    list,
    iterate: (options = {}) => iteratePages(list, options),
    async test(options) {
      return readReply(alertTest, await send(jsonCall('POST', '/api/v1/admin/alerts/test', '{}'), options))
    },
  }
}

function createAuditClient(send: Send): AdminClient['audit'] {
  const list = async ({ limit, cursor, target, actor_id, action, ...options }: ListAuditOptions = {}) => {
    const query = { limit, cursor, target, actor_id, action }
    return readReply(auditList, await send({ method: 'GET', path: '/api/v1/admin/audit', query }, options))
  }
  return { list, iterate: (options = {}) => iteratePages(list, options) }
}
