import type { GuardrailStage } from '@roundhouse/sdk/contract'

/** What a rule did, for the trace and the log: never to what. */
export type Act = {
  readonly rule: string
  readonly on: GuardrailStage
  readonly action: string
  readonly count: number
}

/** Counts what rules do to one text, or to several. */
export type Acts = {
  add(rule: { readonly name: string; readonly action: string }, on: GuardrailStage): void
  list(): readonly Act[]
  /** Of each rule that acted. */
  report(): void
}

export function createActs(acted: (act: Act) => void): Acts {
  const counts = new Map<string, { rule: string; on: GuardrailStage; action: string; count: number }>()
  return {
    add({ name, action }, on) {
      const key = `${name} ${action} ${on}`
      const act = counts.get(key) ?? { rule: name, on, action, count: 0 }
      act.count += 1
      counts.set(key, act)
    },
    list: () => [...counts.values()],
    report() {
      for (const act of counts.values()) acted(act)
    },
  }
}
