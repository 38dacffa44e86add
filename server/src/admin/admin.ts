import type { Database } from '../ports/database.ts'
import { type AuditLog, createAuditLog } from './audit.ts'
import { createPlans, type Plans } from './plans.ts'
import { createStats, type Stats } from './stats.ts'
import type { AdminTables } from './store.ts'
import { type AdminUsage, createAdminUsage } from './usage/usage.ts'
import { createUsers, type Users } from './users.ts'

/** What administrators see and do. */
export type Admin = { stats: Stats; usage: AdminUsage; users: Users; plans: Plans; auditLog: AuditLog }

export function createAdmin(dependencies: {
  database: Database<AdminTables>
  /** Called after a change: what is kept in memory of the user is no longer true, on any replica. */
  changed: (userId: string) => Promise<void>
}): Admin {
  return {
    stats: createStats(dependencies),
    usage: createAdminUsage(dependencies),
    users: createUsers(dependencies),
    plans: createPlans(dependencies),
    auditLog: createAuditLog(dependencies),
  }
}
