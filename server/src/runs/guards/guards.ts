import type { Guardrail, RunMessage } from '@roundhouse/sdk/contract'
import type { Run } from '../run.ts'
import { type Act, type Acts, createActs } from './acts.ts'
import { createOutputGuard, type OutputGuard } from './output.ts'
import { Refusal } from './refusal.ts'
import { compileRules, type Rule } from './rule.ts'
import { keepRules, type WholeDependencies } from './whole.ts'

type Guarded = Pick<Run, 'id' | 'agentId' | 'config'>

/** The rules of agents for what goes in and out. Who has none costs nothing. */
export type Guards = {
  /** What is stored of what was sent, and told to the model. @throws Problem `guardrail-refused`. */
  input(
    run: Guarded,
    messages: readonly RunMessage[],
  ): Promise<{ readonly messages: readonly RunMessage[]; readonly acts: readonly Act[] }>
  /** The same of what a person says to an approval, which is in no form. @throws Problem `guardrail-refused`. */
  note(run: Guarded, text: string): Promise<string>
  /** Of what happens in a run; null without rules. */
  of(run: Guarded, signal: AbortSignal): RunGuards | null
}

export type RunGuards = {
  /** For one answer of the model. */
  output(): OutputGuard
  /** What is left of what a tool gave, or of as much of it as is looked at. */
  toolResult(text: string): Promise<ToolResult>
}

export type ToolResult = {
  readonly text: string
  /** There was more. */
  readonly isCut: boolean
  readonly isRefused: boolean
  readonly acts: readonly Act[]
}

/** Of what a tool gave: twice what a model is told of it, since masks are shorter than what they mask. */
const mostLookedAt = 64 * 1024

export function createGuards(
  dependencies: WholeDependencies & {
    /** Told of what rules do, to count it. */
    acted: (act: Act) => void
  },
): Guards {
  const { log, acted } = dependencies
  /** A configuration is one object for all runs that are begun with it. */
  const compiled = new WeakMap<readonly Guardrail[], readonly Rule[]>()

  function rulesOf({ config: { guardrails } }: Guarded): readonly Rule[] {
    const rules = compiled.get(guardrails) ?? compileRules(guardrails)
    compiled.set(guardrails, rules)
    return rules
  }

  function actsOf({ id, agentId }: Guarded): Acts {
    return createActs(act => {
      log.info('guardrail-act', { run_id: id, agent_id: agentId, ...act })
      acted(act)
    })
  }

  async function sent(run: Guarded, rules: readonly Rule[], messages: readonly RunMessage[]) {
    const acts = actsOf(run)
    try {
      const kept = await keepRules(dependencies, rules, messages, { run, stage: 'input', acts })
      return { messages: kept, acts: acts.list() }
    } finally {
      acts.report()
    }
  }

  return {
    input: async (run, messages) =>
      run.config.guardrails.length === 0 ? { messages, acts: [] } : sent(run, rulesOf(run), messages),

    async note(run, text) {
      // Stored before there were rules.
      if (!run.config.guardrails?.length) return text
      const rules = rulesOf(run).filter(({ kind }) => kind !== 'schema')
      const { messages } = await sent(run, rules, [{ role: 'user', content: text }])
      return messages[0]?.content ?? ''
    },

    of(run, signal) {
      // Stored before there were rules.
      if (!run.config.guardrails?.length) return null
      const rules = rulesOf(run)
      return {
        output: () => createOutputGuard(dependencies, rules, run, actsOf(run), signal),
        async toolResult(text) {
          const acts = actsOf(run)
          try {
            const isCut = text.length > mostLookedAt
            const said = [{ role: 'user', content: text.slice(0, mostLookedAt) }] as const
            const [kept] = await keepRules(dependencies, rules, said, {
              run,
              stage: 'tool-results',
              acts,
              signal,
              isCut,
            })
            return { text: kept?.content ?? '', isCut, isRefused: false, acts: acts.list() }
          } catch (error) {
            if (!(error instanceof Refusal)) throw error
            const told = `A rule of this agent (${error.rule}) withholds what the tool gave.`
            return { text: error.say ?? told, isCut: false, isRefused: true, acts: acts.list() }
          } finally {
            acts.report()
          }
        },
      }
    },
  }
}
