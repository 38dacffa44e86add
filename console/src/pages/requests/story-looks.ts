import type { StoryEntry, StoryKind } from '@roundhouse/sdk'
import {
  Bot,
  Boxes,
  CirclePlay,
  Coins,
  FileText,
  Hand,
  type LucideIcon,
  MessageSquareText,
  PhoneOutgoing,
  ScrollText,
  ShieldCheck,
  Wrench,
} from 'lucide-react'
import { shortPath } from '../logs/log-words.ts'

/** How each kind of entry looks, and what it is called. */
export const looks: Record<StoryKind, { icon: LucideIcon; one: string; many: string; bar: string }> = {
  log: { icon: ScrollText, one: 'Log line', many: 'Log lines', bar: 'bg-edge/50' },
  job: { icon: CirclePlay, one: 'Job', many: 'Jobs', bar: 'bg-[var(--series-4)]' },
  run: { icon: Bot, one: 'Run', many: 'Runs', bar: 'bg-edge' },
  llm: { icon: MessageSquareText, one: 'Model call', many: 'Model calls', bar: 'bg-[var(--series-2)]' },
  tool: { icon: Wrench, one: 'Tool', many: 'Tools', bar: 'bg-[var(--series-5)]' },
  approval: { icon: Hand, one: 'Approval', many: 'Approvals', bar: 'bg-warn' },
  prediction: { icon: Boxes, one: 'Prediction', many: 'Predictions', bar: 'bg-[var(--series-1)]' },
  call: { icon: PhoneOutgoing, one: 'Call', many: 'Calls', bar: 'bg-[var(--series-2)]' },
  report: { icon: FileText, one: 'Report', many: 'Reports', bar: 'bg-[var(--series-6)]' },
  credit: { icon: Coins, one: 'Credits', many: 'Credits', bar: 'bg-[var(--series-3)]' },
  audit: { icon: ShieldCheck, one: 'Audit entry', many: 'Audit entries', bar: 'bg-edge' },
}

/** Of a request its method and path say more than the event. */
export function titleOf({ kind, name, attributes }: StoryEntry): string {
  const { method, path } = attributes
  return kind === 'log' && name === 'request-end' && typeof path === 'string'
    ? `${method} ${shortPath(path)}`
    : name
}

/** What an entry says beside its title. */
export function gistOf({ kind, name, attributes }: StoryEntry): string {
  const { status, error, amount, cached, target, credits } = attributes
  const said: unknown[] = []
  if (kind === 'log') said.push(name === 'request-end' ? `answered ${status}` : fieldsOf(attributes))
  if (kind === 'credit') said.push(typeof amount === 'number' && (amount > 0 ? `+${amount}` : amount))
  if (kind === 'prediction') said.push(cached === true && 'from the cache')
  if (kind === 'audit') said.push(target)
  if ((kind === 'llm' || kind === 'run' || kind === 'call') && Number(credits) > 0)
    said.push(`${credits} credits`)
  if (kind === 'llm' || kind === 'call') said.push(tokensOf(attributes))
  said.push(errorText(error))
  return said.filter(part => part !== undefined && part !== null && part !== false && part !== '').join(' ')
}

/** What only this line says; the process and what all lines have stands in its detail. */
function fieldsOf(attributes: Record<string, unknown>): string {
  const own = Object.entries(attributes).filter(
    ([name, value]) => name !== 'process' && name !== 'duration_ms' && typeof value !== 'object',
  )
  return own.map(([name, value]) => `${name}=${value}`).join('  ')
}

function tokensOf({ input_tokens: input, output_tokens: output }: Record<string, unknown>): string | false {
  return typeof input === 'number' && typeof output === 'number' && `${input} → ${output} tokens`
}

function errorText(error: unknown): string | undefined {
  if (typeof error === 'string') return error
  if (typeof error !== 'object' || error === null || !('detail' in error)) return undefined
  return String(error.detail)
}
