import { type Plan, Problem } from '@roundhouse/sdk/contract'
import { type Actor, act } from '../accounts/actor.ts'
import type { Database } from '../ports/database.ts'
import { type AdminTables, createAdminStore, type PlanChange } from './store.ts'

/** The limits that users have by their plan. Who is known to a replica has new ones when their rights are read again. */
export type Plans = {
  list(caller: Actor): Promise<Plan[]>
  /** Undefined limits stay, null takes one away. One audit entry. @throws Problem `resource-not-found`. */
  update(actor: Actor, name: string, change: PlanChange): Promise<Plan>
}

export function createPlans(dependencies: { database: Database<AdminTables> }): Plans {
  const { database } = dependencies
  return {
    list: caller => act(database, caller, db => createAdminStore(db).listPlans()),

    update(actor, name, change) {
      return act(database, actor, async (db, audit) => {
        const store = createAdminStore(db)
        const before = await store.lockPlan(name)
        if (!before) throw new Problem('resource-not-found', `There is no plan ${name}.`)
        const after = changedPlan(before, change)
        await store.updatePlan(after)
        await audit('plan-update', name, { before, after })
        return after
      })
    },
  }
}

/** Null is a value here: no limit. */
function changedPlan(plan: Plan, change: PlanChange): Plan {
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...plan, ...Object.fromEntries(given) }
}
