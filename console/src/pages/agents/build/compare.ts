import type { AgentConfig } from '@roundhouse/sdk'
import { type Draft, type DraftField, isSame } from './draft.ts'

/** `skip`: lines that are alike on both sides and not shown; `text` says how many. */
export type Line = { sign: 'same' | 'added' | 'removed' | 'skip'; text: string }
export type FieldChange = { field: DraftField; title: string; lines: Line[] }

/** What makes an agent answer as it does, in the order in which it is read. */
export const configTitles: Record<keyof AgentConfig, string> = {
  model: 'Model',
  provider: 'Provider',
  fallbacks: 'Fallbacks',
  temperature: 'Temperature',
  max_tokens: 'Tokens of an answer',
  system_prompt: 'Prompt',
  knowledge: 'Texts below the prompt',
  tools: 'Tools',
  guardrails: 'Guardrails',
  memory: 'Memory',
  output_schema: 'Output schema',
  limits: 'Limits',
  price: 'Price',
  is_heavy: 'Run by workers',
  railway_url: 'Own backend',
}

/** What publishing the draft would change in what answers now. */
export function compareConfigs(live: AgentConfig, draft: Draft | AgentConfig): FieldChange[] {
  const fields = Object.keys(configTitles) as (keyof AgentConfig)[]
  return fields
    .filter(field => !isSame(live[field], draft[field]))
    .map(field => ({
      field,
      title: configTitles[field],
      lines: compareTexts(textOf(live[field]), textOf(draft[field])),
    }))
}

/** As it is read: of a list of texts one line each, of what is empty nothing. */
function textOf(value: unknown): string {
  if (value === null || isSame(value, []) || isSame(value, {})) return ''
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value.join('\n')
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
}

/** Lines around a change that are shown with it. */
const around = 2

export function compareTexts(before: string, after: string): Line[] {
  const [old, fresh] = [before, after].map(text => (text === '' ? [] : text.split('\n')))
  return shortened(compareLines(old ?? [], fresh ?? []))
}

/** More comparisons than this, and what differs is shown as a whole: about 20 ms. */
const mostCells = 1_000_000

function compareLines(old: readonly string[], fresh: readonly string[]): Line[] {
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1
  let end = 0
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end))
    end += 1
  const same = (lines: readonly string[]) => lines.map((text): Line => ({ sign: 'same', text }))
  return [
    ...same(old.slice(0, start)),
    ...compareMiddle(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)),
    ...same(old.slice(old.length - end)),
  ]
}

/** By the longest common subsequence, read from its table of lengths. */
function compareMiddle(old: readonly string[], fresh: readonly string[]): Line[] {
  const width = fresh.length + 1
  if (old.length * fresh.length > mostCells)
    return [
      ...old.map((text): Line => ({ sign: 'removed', text })),
      ...fresh.map((text): Line => ({ sign: 'added', text })),
    ]
  const lengths = new Uint32Array((old.length + 1) * width)
  const at = (row: number, column: number) => lengths[row * width + column] ?? 0
  for (let row = old.length - 1; row >= 0; row -= 1)
    for (let column = fresh.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        old[row] === fresh[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
  const lines: Line[] = []
  let row = 0
  let column = 0
  while (row < old.length || column < fresh.length) {
    const [left = '', right = ''] = [old[row], fresh[column]]
    if (row < old.length && column < fresh.length && left === right) {
      lines.push({ sign: 'same', text: left })
      row += 1
      column += 1
    } else if (column === fresh.length || (row < old.length && at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ sign: 'removed', text: left })
      row += 1
    } else {
      lines.push({ sign: 'added', text: right })
      column += 1
    }
  }
  return lines
}

function shortened(lines: readonly Line[]): Line[] {
  const isNear = lines.map((_line, index) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some(line => line.sign !== 'same'),
  )
  const shown: Line[] = []
  let hidden = 0
  for (const [index, line] of lines.entries()) {
    if (!isNear[index]) {
      hidden += 1
      continue
    }
    if (hidden > 0) shown.push(skipped(hidden))
    hidden = 0
    shown.push(line)
  }
  if (hidden > 0 && shown.length > 0) shown.push(skipped(hidden))
  return shown
}

function skipped(count: number): Line {
  return { sign: 'skip', text: count === 1 ? '1 line as before' : `${count} lines as before` }
}
