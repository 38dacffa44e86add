import type { Typed } from './draft.ts'
import { type FieldSpec, type KindSpec, kindOf } from './spec.ts'

const stageLabels = {
  input: 'What the caller sends',
  output: 'What the model answers',
  'tool-results': 'What tools give',
  'tool-arguments': 'What the model gives to tools',
}
const stages = Object.entries(stageLabels).map(([value, label]) => ({ value, label }))
const actionLabels = { refuse: 'Refuse', mask: 'Mask', cut: 'Cut', flag: 'Take note only' }

function on(...left: (keyof typeof stageLabels)[]): FieldSpec {
  const choices = stages.filter(({ value }) => !left.some(stage => stage === value))
  return { name: 'on', label: 'Looks at', as: 'several', choices }
}

function action(...values: (keyof typeof actionLabels)[]): FieldSpec {
  const choices = values.map(value => ({ value, label: actionLabels[value] }))
  return { name: 'action', label: 'What it does', as: 'choice', choices }
}

/** The kinds of guardrails. */
export const ruleKinds: readonly KindSpec[] = [
  {
    type: 'pii',
    label: 'Personal data',
    about: 'E-mail addresses, card numbers and the like, found by their form.',
    fields: [
      on(),
      action('mask', 'refuse', 'flag'),
      {
        name: 'kinds',
        label: 'Kinds',
        hint: 'None chosen: all of them.',
        as: 'several',
        choices: [
          { value: 'email', label: 'E-mail addresses' },
          { value: 'card', label: 'Card numbers' },
          { value: 'iban', label: 'IBANs' },
          { value: 'ip', label: 'IP addresses' },
          { value: 'ssn', label: 'Social security numbers' },
          { value: 'phone', label: 'Phone numbers' },
        ],
      },
    ],
  },
  {
    type: 'pattern',
    label: 'Pattern',
    about: 'A regular expression, without look-around and references to groups.',
    fields: [
      on(),
      action('refuse', 'mask', 'flag'),
      { name: 'pattern', label: 'Pattern', as: 'code', placeholder: '\\b(acme|initech)\\b' },
      { name: 'ignore_case', label: 'Whatever the case', as: 'check' },
      {
        name: 'replacement',
        label: 'Replacement',
        as: 'text',
        placeholder: '[removed]',
        hint: 'What stands in place of a match that is masked.',
      },
    ],
  },
  {
    type: 'length',
    label: 'Length',
    about: 'More characters than a text may have.',
    fields: [
      on('tool-arguments'),
      action('refuse', 'cut', 'flag'),
      { name: 'max', label: 'Characters at most', as: 'number' },
    ],
  },
  {
    type: 'schema',
    label: 'Form of the question',
    about: 'The last message of the user is JSON that keeps to a schema.',
    fields: [
      on('output', 'tool-results', 'tool-arguments'),
      action('refuse', 'flag'),
      { name: 'schema', label: 'JSON Schema', as: 'json' },
    ],
  },
  {
    type: 'moderation',
    label: 'Moderation',
    about: 'An address of your own that is asked about each text.',
    fields: [
      on('tool-arguments'),
      action('refuse', 'flag'),
      { name: 'url', label: 'Address', as: 'code', placeholder: 'https://moderation.example.com/check' },
      {
        name: 'fail',
        label: 'When it does not answer',
        as: 'choice',
        choices: [
          { value: 'closed', label: 'Refuse the text' },
          { value: 'open', label: 'Let it pass' },
        ],
      },
      {
        name: 'timeout_seconds',
        label: 'Time limit (seconds)',
        as: 'number',
        placeholder: '5',
        hint: '1 to 10.',
      },
    ],
  },
]

export const commonRuleFields: readonly FieldSpec[] = [
  {
    name: 'name',
    label: 'Name',
    as: 'code',
    hint: 'As callers, the log and the trace name it. Empty: its kind.',
  },
  {
    name: 'say',
    label: 'Say when it refuses',
    as: 'area',
    hint: 'Of an answer, this stands in place of it.',
  },
]

/** A rule of a kind as it begins. */
export function newRule(type: string): Typed {
  const begun = {
    type,
    on: ['input'],
    action: kindOf(ruleKinds, type).fields.flatMap(firstAction)[0] ?? 'refuse',
  }
  if (type === 'length') return { ...begun, max: 4000 }
  return type === 'moderation' ? { ...begun, fail: 'closed' } : begun
}

function firstAction(field: FieldSpec): string[] {
  return field.name === 'action' && field.as === 'choice'
    ? field.choices.slice(0, 1).map(choice => choice.value)
    : []
}

export function ruleTitle(rule: Typed): string {
  return typeof rule.name === 'string' && rule.name !== '' ? rule.name : kindOf(ruleKinds, rule.type).label
}

export function ruleFacts(rule: Typed): string[] {
  const on = Array.isArray(rule.on) ? rule.on : []
  const looksAt = stages.filter(({ value }) => on.includes(value)).map(({ label }) => label.toLowerCase())
  const action =
    Object.entries(actionLabels).find(([name]) => name === rule.action)?.[1] ?? String(rule.action ?? '')
  const facts = [
    kindOf(ruleKinds, rule.type).label,
    action.toLowerCase(),
    looksAt.join(', ') || 'looks at nothing yet',
  ]
  if (typeof rule.pattern === 'string') facts.push(rule.pattern)
  if (typeof rule.max === 'number') facts.push(`${rule.max} characters`)
  return facts
}
