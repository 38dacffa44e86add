import {
  type Guardrail,
  type GuardrailOf,
  type GuardrailStage,
  isProblem,
  Problem,
} from '@roundhouse/sdk/contract'
import { assertSchema, type Check, createCheck } from '../loop/schema.ts'
import { PatternError } from './pattern-syntax.ts'
import { piiFinders } from './pii.ts'
import { compilePattern, type Program } from './program.ts'
import type { OnMatch } from './scanner.ts'

type Common = {
  readonly name: string
  readonly say: string | null
  readonly on: readonly GuardrailStage[]
}

/** Something that is searched for, and what stands in its place. */
export type Search = Pick<OnMatch, 'follows' | 'accept'> & {
  readonly program: Program
  readonly replacement: string
  /** A text without it has no match. */
  readonly needs?: string | undefined
}

/** A rule that is ready to be kept. */
export type Rule = Common &
  (
    | {
        readonly kind: 'search'
        readonly action: 'refuse' | 'mask' | 'flag'
        readonly searches: readonly Search[]
      }
    | { readonly kind: 'length'; readonly action: 'refuse' | 'cut' | 'flag'; readonly max: number }
    | { readonly kind: 'schema'; readonly action: 'refuse' | 'flag'; readonly check: () => Promise<Check> }
    | { readonly kind: 'hook'; readonly action: 'refuse' | 'flag'; readonly hook: GuardrailOf<'moderation'> }
  )

/** @throws Problem `invalid-request` for a pattern that cannot be searched for. */
export function compileRules(rules: readonly Guardrail[]): Rule[] {
  return rules.map((rule, index) => {
    try {
      return compileRule(rule)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      throw new Problem('invalid-request', `guardrails.${index}.pattern: ${error.message}`, { cause: error })
    }
  })
}

/** Of rules that are to be stored. @throws Problem `invalid-request`. */
export async function assertGuardrails(rules: readonly Guardrail[]): Promise<void> {
  compileRules(rules)
  for (const [index, rule] of rules.entries()) {
    if (rule.type !== 'schema') continue
    await assertSchema(rule.schema).catch(error => {
      if (!isProblem(error)) throw error
      throw new Problem(error.code, `guardrails.${index}.schema: ${error.message}`, { cause: error })
    })
  }
}

function compileRule(rule: Guardrail): Rule {
  const common = { name: rule.name ?? rule.type, say: rule.say ?? null, on: rule.on }
  switch (rule.type) {
    case 'length':
      return { ...common, kind: 'length', action: rule.action, max: rule.max }
    case 'pattern': {
      const program = compilePattern(rule.pattern, { ignoreCase: rule.ignore_case ?? false })
      const replacement = rule.replacement ?? '[removed]'
      return { ...common, kind: 'search', action: rule.action, searches: [{ program, replacement }] }
    }
    case 'pii': {
      const searches = piiFinders(rule.kinds).map(({ kind, ...finder }) => ({
        ...finder,
        replacement: `[${kind}]`,
      }))
      return { ...common, kind: 'search', action: rule.action, searches }
    }
    case 'schema': {
      let check: Promise<Check> | undefined
      return {
        ...common,
        kind: 'schema',
        action: rule.action,
        check: () => (check ??= createCheck(rule.schema, 'message')),
      }
    }
    case 'moderation':
      return { ...common, kind: 'hook', action: rule.action, hook: rule }
  }
}
