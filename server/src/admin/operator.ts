import { Problem, type User } from '@roundhouse/sdk/contract'
import type { Ids } from '../kit/ids.ts'
import type { Database } from '../ports/database.ts'
import { type AdminTables, createAdminStore } from './store.ts'
import { checkPlan, isUuid, noSuchUser } from './users.ts'

/** What only the operator does, at the command line. Every change writes one audit entry, by `system`. */
export type Operator = {
  /** By the e-mail address a user signs in with, or by id. @throws Problem `resource-not-found`. */
  find(emailOrId: string): Promise<User>
  /** @throws Problem `conflict` when the e-mail address is taken. */
  createUser(user: {
    email: string
    name: string
    plan: string
    admin: boolean
    passwordHash: string
  }): Promise<User>
  /** Ends every session too. @throws Problem `conflict` for a user of another issuer, who signs in there. */
  setPassword(userId: string, passwordHash: string): Promise<void>
}

export function createOperator(dependencies: {
  database: Database<AdminTables>
  ids: Ids
  /** Called after a change: what is kept in memory of the user is no longer true, on any replica. */
  changed: (userId: string) => Promise<void>
}): Operator {
  const { database, ids, changed } = dependencies

  async function find(emailOrId: string): Promise<User> {
    const filter = isUuid(emailOrId) ? { id: emailOrId } : { email: emailOrId.toLowerCase() }
    const [row] = await createAdminStore(database.system).listUsers({ ...filter, limit: 1 })
    if (!row) throw noSuchUser(emailOrId)
    return row.user
  }

  return {
    find,

    async createUser({ email, name, plan, admin, passwordHash }) {
      const id = ids.uuid()
      await database.asSystem(async (db, audit) => {
        const store = createAdminStore(db)
        await checkPlan(store, plan)
        if (!(await store.insertUser({ id, email, name, plan })))
          throw new Problem('conflict', `There is a user with the e-mail address ${email} already.`)
        await store.putPassword({ id: ids.uuid(), userId: id, hash: passwordHash })
        if (admin) await store.grantAdmin(id)
        await audit('user-create', id, { plan, roles: admin ? ['admin', 'member'] : ['member'] })
      })
      return find(id)
    },

    async setPassword(userId, passwordHash) {
      await database.asSystem(async (db, audit) => {
        const store = createAdminStore(db)
        if (!(await store.lockUser(userId))) throw noSuchUser(userId)
        const [row] = await store.listUsers({ id: userId, limit: 1 })
        if (row?.user.issuer)
          throw new Problem('conflict', `This user signs in at ${row.user.issuer} and has no password here.`)
        await store.putPassword({ id: ids.uuid(), userId, hash: passwordHash })
        await audit('user-password', userId, { sessions: await store.endSessions(userId) })
      })
      await changed(userId)
    },
  }
}
