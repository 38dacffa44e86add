import { createAuditLog } from '../admin/audit.ts'
import type { AdminTables } from '../admin/store.ts'
import type { Log } from '../kit/log.ts'
import type { Config } from '../start/settings.ts'
import { isBehind, withDatabase } from './with-database.ts'

/** The whole chain is hashed again: 36 us per entry (2026-11). */
const checkMs = 600_000

/** Says how far the audit log holds. @throws Error, naming the first entry that is not what was written. */
export function checkAuditLog(config: Config, log: Log): Promise<string> {
  const timeouts = { connectMs: 5000, queryMs: checkMs, statementMs: checkMs, lockMs: 5000 }
  return withDatabase<AdminTables, string>({ config, log, timeouts }, async database => {
    if (await isBehind(database)) return 'not read: migrations are pending (roundhouse migrate)'
    const auditLog = createAuditLog({ database })
    const broken = await auditLog.firstBrokenEntry()
    if (broken !== null)
      throw new Error(
        `entry ${broken} is not what was written, or the one before it is gone. Compare with \`audit-append\` in the server's log.`,
      )
    const [newest] = await auditLog.list('system', { limit: 1 })
    return newest ? `holds up to entry ${newest.seq}, ${newest.hash}` : 'empty'
  })
}
