import { setImmediate as nextTurn } from 'node:timers/promises'
import type { GuardrailStage, RunMessage } from '@roundhouse/sdk/contract'
import { isDeeper } from '../../kit/json-depth.ts'
import type { Log } from '../../kit/log.ts'
import type { Outbound } from '../../ports/outbound.ts'
import { outputErrors } from '../loop/output.ts'
import type { Run } from '../run.ts'
import type { Acts } from './acts.ts'
import { createChanges, refuses } from './changes.ts'
import { askHook } from './hook.ts'
import { Refusal } from './refusal.ts'
import type { Rule } from './rule.ts'
import { createWork, type Scanner, type Work } from './scanner.ts'

export type WholeDependencies = { readonly outbound: Pick<Outbound, 'fetch'>; readonly log: Log }

export type Circumstances = {
  readonly run: Pick<Run, 'id' | 'agentId'>
  readonly stage: Exclude<GuardrailStage, 'tool-arguments'>
  readonly acts: Acts
  readonly signal?: AbortSignal
  /** The texts go on: what could be the begin of a match at their end is left out. */
  readonly isCut?: boolean
}

type Within = Circumstances & { readonly work: Work }

/** Others get their turn after so many characters: some 10 ms of the worst pattern. */
const charactersAtATime = 512
const mostLevels = 64

/**
 * What becomes of whole texts under the rules for a stage, in their order. An answer, or what a tool gave, is one message.
 * @throws Refusal
 */
export async function keepRules(
  dependencies: WholeDependencies,
  rules: readonly Rule[],
  messages: readonly RunMessage[],
  circumstances: Circumstances,
): Promise<readonly RunMessage[]> {
  const { stage } = circumstances
  const within = { ...circumstances, work: createWork() }
  let kept = messages
  for (const rule of rules) if (rule.on.includes(stage)) kept = await keep(dependencies, rule, kept, within)
  return kept
}

async function keep(
  dependencies: WholeDependencies,
  rule: Rule,
  messages: readonly RunMessage[],
  circumstances: Within,
): Promise<readonly RunMessage[]> {
  switch (rule.kind) {
    case 'search':
    case 'length':
      return searched(rule, messages, circumstances)
    case 'schema':
      await checked(rule, messages, circumstances)
      return messages
    case 'hook':
      return moderated(dependencies, rule, messages, circumstances)
  }
}

async function searched(
  rule: Extract<Rule, { kind: 'search' | 'length' }>,
  messages: readonly RunMessage[],
  { stage, acts, isCut, work }: Within,
): Promise<readonly RunMessage[]> {
  const open = () => createChanges([possible(rule, messages)], stage, acts, work)
  // A search begins anew with each text, a length is that of one.
  const search = rule.kind === 'search' ? open() : null
  const kept: RunMessage[] = []
  for (const [index, { role, content }] of messages.entries()) {
    if (index > 0) await nextTurn()
    kept.push({ role, content: await changed(search ?? open(), content, isCut) })
  }
  return kept
}

async function changed(changes: Scanner, text: string, isCut = false): Promise<string> {
  let out = ''
  for (let at = 0; at < text.length; at += charactersAtATime) {
    if (at > 0) await nextTurn()
    out += changes.push(text.slice(at, at + charactersAtATime))
  }
  return isCut ? out : out + changes.end()
}

/** What no text surely has is not searched for. */
function possible(rule: Extract<Rule, { kind: 'search' | 'length' }>, messages: readonly RunMessage[]): Rule {
  if (rule.kind === 'length') return rule
  const searches = rule.searches.filter(
    ({ needs }) => needs === undefined || messages.some(({ content }) => content.includes(needs)),
  )
  return { ...rule, searches }
}

async function checked(
  rule: Extract<Rule, { kind: 'schema' }>,
  messages: readonly RunMessage[],
  { stage, acts }: Circumstances,
): Promise<void> {
  const text = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  const errors = isDeeper(text, mostLevels)
    ? `it is nested deeper than ${mostLevels} levels`
    : outputErrors(text, await rule.check())
  if (errors === null) return
  acts.add(rule, stage)
  if (rule.action === 'refuse') throw new Refusal(rule, `${refuses(stage)}: ${errors}`)
}

/** The address is asked about the last text, and is shown those before it. */
async function moderated(
  dependencies: WholeDependencies,
  rule: Extract<Rule, { kind: 'hook' }>,
  messages: readonly RunMessage[],
  { run, stage, acts, signal }: Circumstances,
): Promise<readonly RunMessage[]> {
  const last = messages.at(-1)
  if (!last || messages.every(({ content }) => content === '')) return messages
  const before = messages.slice(0, -1)
  const question = { stage, text: last.content, ...(stage === 'input' ? { messages: before } : {}) }
  const { isAllowed, reason, text } = await askHook(dependencies, rule.hook, run, question, signal)
  if (!isAllowed) {
    acts.add(rule, stage)
    if (rule.action === 'refuse')
      throw new Refusal(rule, reason ? `${refuses(stage)}: ${reason}` : refuses(stage))
  }
  if (text === null || text === last.content) return messages
  acts.add({ name: rule.name, action: 'mask' }, stage)
  return [...before, { role: last.role, content: text }]
}
