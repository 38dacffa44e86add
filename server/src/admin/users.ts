import { Problem, type Revoked, type Role, type User } from '@roundhouse/sdk/contract'
import { type Actor, act } from '../accounts/actor.ts'
import type { Database } from '../ports/database.ts'
import {
  type AdminStore,
  type AdminTables,
  createAdminStore,
  type UserFilter,
  type UserRow,
} from './store.ts'

/** What administrators see of users and do to them. Every change writes one entry to the audit log. */
export type Users = {
  /** Newest first. `search` is part of a name or e-mail address, or an id. */
  list(caller: Actor, filter: Omit<UserFilter, 'id' | 'email'>): Promise<UserRow[]>
  /** @throws Problem `resource-not-found`, as the others do. */
  get(caller: Actor, id: string): Promise<User>
  /** @throws Problem `invalid-request` for a plan that is not there, `conflict` for a ban of the last administrator. */
  update(
    actor: Actor,
    id: string,
    change: { plan?: string | undefined; banned?: boolean | undefined },
  ): Promise<User>
  /** Everyone is a member, whatever is said. @throws Problem `conflict` when nobody would be left to administer. */
  setRoles(actor: Actor, id: string, roles: readonly Role[]): Promise<User>
  /** Ends every session and revokes every key of the user. */
  revoke(actor: Actor, id: string): Promise<Revoked>
}

export function createUsers(dependencies: {
  database: Database<AdminTables>
  /** Called after the change is there: what is kept in memory of the user is no longer true, on any replica. */
  changed: (userId: string) => Promise<void>
}): Users {
  const { database, changed } = dependencies

  return {
    async list(caller, { search, ...page }) {
      // PostgreSQL text cannot hold U+0000, so nothing has it in its name.
      if (search?.includes('\0')) return []
      const filter = search !== undefined && isUuid(search) ? { id: search } : { search }
      return act(database, caller, db => createAdminStore(db).listUsers({ ...page, ...filter }))
    },

    get: (caller, id) => act(database, caller, db => read(createAdminStore(db), id)),

    async update(actor, id, change) {
      const user = await act(database, actor, async (db, audit) => {
        const store = createAdminStore(db)
        if (change.plan !== undefined) await checkPlan(store, change.plan)
        if (change.banned) await keepOneAdmin(store, id)
        const before = await lock(store, id)
        await store.updateUser(id, change)
        const after = await read(store, id)
        await audit('user-update', id, { before: changeable(before), after: changeable(after) })
        return after
      })
      await changed(id)
      return user
    },

    async setRoles(actor, id, roles) {
      const user = await act(database, actor, async (db, audit) => {
        const store = createAdminStore(db)
        const toAdmin = roles.includes('admin')
        if (!toAdmin) await keepOneAdmin(store, id)
        const before = await lock(store, id)
        await (toAdmin ? store.grantAdmin(id) : store.withdrawAdmin(id))
        const after = await read(store, id)
        await audit('user-roles', id, { before: before.roles, after: after.roles })
        return after
      })
      await changed(id)
      return user
    },

    async revoke(actor, id) {
      const revoked = await act(database, actor, async (db, audit) => {
        const store = createAdminStore(db)
        await lock(store, id)
        const ended = { sessions: await store.endSessions(id), keys: await store.revokeKeys(id) }
        await audit('user-revoke', id, ended)
        return ended
      })
      await changed(id)
      return revoked
    },
  }
}

export function noSuchUser(id: string): Problem {
  return new Problem('resource-not-found', `There is no user ${id}.`)
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text)
}

async function read(store: AdminStore, id: string): Promise<User> {
  const [row] = await store.listUsers({ id, limit: 1 })
  if (!row) throw noSuchUser(id)
  return row.user
}

async function lock(store: AdminStore, id: string): Promise<User> {
  if (!(await store.lockUser(id))) throw noSuchUser(id)
  return read(store, id)
}

/** Asked before the row of the user is locked, because it locks those of all administrators in their order. */
async function keepOneAdmin(store: AdminStore, id: string): Promise<void> {
  const admins = await store.lockAdmins()
  if (admins.length === 1 && admins[0] === id)
    throw new Problem(
      'conflict',
      'This is the last administrator who is not banned. Make someone else an administrator first.',
    )
}

/** Plans are never removed, so that what is there now still is when the transaction ends. */
export async function checkPlan(store: AdminStore, name: string): Promise<void> {
  const names = (await store.listPlans()).map(plan => plan.name)
  if (!names.includes(name))
    throw new Problem('invalid-request', `plan: there is no plan ${name}. Choose one of ${names.join(', ')}.`)
}

function changeable({ plan, banned_at }: User): Record<string, unknown> {
  return { plan, banned_at }
}
