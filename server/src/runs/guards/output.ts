import type { Run } from '../run.ts'
import type { Acts } from './acts.ts'
import { keepArguments } from './arguments.ts'
import { createChanges } from './changes.ts'
import { Refusal } from './refusal.ts'
import type { Rule } from './rule.ts'
import { createWork } from './scanner.ts'
import { keepRules, type WholeDependencies } from './whole.ts'

/** What readers are told of one answer of the model, and what is kept of it. */
export type OutputGuard = {
  /** What may be told by now; empty while it could become something that may not. @throws Refusal */
  text(piece: string): string
  /** The same of what the model thinks. */
  reasoning(piece: string): string
  /** The rest of both. @throws Refusal, and the reason of the signal. */
  end(): Promise<{ readonly text: string; readonly reasoning: string }>
  /** What the tool is given; an empty object where a rule refuses what the model wrote. */
  toolArguments(callId: string, text: string): string
  /** For the attributes of the step, and to the log: which rules acted, and which calls they refused. Once, at the end. */
  told(): Readonly<Record<string, unknown>>
}

/** Arguments are looked into in one go, while all else waits: some 0.4 s. */
const argumentsSteps = 5_000_000

export function createOutputGuard(
  dependencies: WholeDependencies,
  rules: readonly Rule[],
  run: Pick<Run, 'id' | 'agentId'>,
  acts: Acts,
  signal: AbortSignal,
): OutputGuard {
  const ofOutput = rules.filter(({ on }) => on.includes('output'))
  const ofArguments = rules.filter(({ on }) => on.includes('tool-arguments'))
  /** Why, by the id of the call. */
  const refusedCalls: Record<string, string> = {}
  const argumentsWork = createWork(argumentsSteps)
  const open = ofOutput.some(needsWhole) ? whole : streamed

  function streamed(): Pick<OutputGuard, 'text' | 'reasoning' | 'end'> {
    const text = createChanges(ofOutput, 'output', acts)
    const reasoning = createChanges(ofOutput, 'output', acts)
    return {
      text: text.push,
      reasoning: reasoning.push,
      end: async () => ({ text: text.end(), reasoning: reasoning.end() }),
    }
  }

  /** What the model thinks on the way is not told. */
  function whole(): Pick<OutputGuard, 'text' | 'reasoning' | 'end'> {
    const pieces: string[] = []
    return {
      text(piece) {
        pieces.push(piece)
        return ''
      },
      reasoning: () => '',
      async end() {
        const said = { role: 'assistant', content: pieces.join('') } as const
        const [kept] = await keepRules(dependencies, ofOutput, [said], { run, stage: 'output', acts, signal })
        return { text: kept?.content ?? '', reasoning: '' }
      },
    }
  }

  return {
    ...open(),
    toolArguments(callId, text) {
      if (ofArguments.length === 0) return text
      try {
        const changes = createChanges(ofArguments, 'tool-arguments', acts, argumentsWork)
        return keepArguments(text, part => changes.push(part) + changes.end())
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        refusedCalls[callId] = error.message
        return '{}'
      }
    },
    told() {
      acts.report()
      const guardrails = acts.list()
      return {
        ...(guardrails.length === 0 ? {} : { guardrails }),
        ...(Object.keys(refusedCalls).length === 0 ? {} : { refused_calls: refusedCalls }),
      }
    },
  }
}

/** What is told in place of an answer stands alone. */
function needsWhole({ kind, action, say }: Rule): boolean {
  if (kind === 'hook') return true
  return action === 'refuse' && (kind === 'length' || say !== null)
}
