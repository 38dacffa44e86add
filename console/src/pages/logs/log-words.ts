import type { LogLevel, LogLine } from '@roundhouse/sdk'
import { Bug, CircleX, Info, type LucideIcon, TriangleAlert } from 'lucide-react'

/** How a level looks: its picture, its word and its colours. */
export const levels: Record<LogLevel, { icon: LucideIcon; colour: string; edge: string }> = {
  debug: { icon: Bug, colour: 'text-quiet', edge: 'border-transparent' },
  info: { icon: Info, colour: 'text-quiet', edge: 'border-transparent' },
  warn: { icon: TriangleAlert, colour: 'text-warn', edge: 'border-warn' },
  error: { icon: CircleX, colour: 'text-bad', edge: 'border-bad' },
}

/** What the line says in one line: the request, the model, the message of its error, then its fields. */
export function gistOf({ method, path, model, fields }: LogLine): { main: string; rest: string } {
  const main = [method, path && shortPath(path), model].filter(Boolean).join(' ')
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${shortly(value)}`)
  return { main, rest: rest.join('  ') }
}

/** Ids by their ends, so that what stands behind them is in sight. */
export function shortPath(path: string): string {
  return path.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}([0-9a-f]{8})/g, '…$1')
}

function shortly(value: unknown): string {
  if (typeof value === 'string') return value
  if (isError(value)) return value.message
  return JSON.stringify(value) ?? ''
}

export function isError(value: unknown): value is { message: string; stack?: string } {
  return (
    typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
  )
}

/** Colour of a status; the number is what says it. */
export function statusColour(status: number): string {
  if (status >= 500) return 'text-bad'
  return status >= 400 ? 'text-warn' : 'text-quiet'
}

const time = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })

/** In the reader's zone, to the millisecond; with the day where it is not today. */
export function lineTime(at: string, now: Date): { day: string | undefined; time: string } {
  const moment = new Date(at)
  const isToday = moment.toDateString() === now.toDateString()
  return { day: isToday ? undefined : day.format(moment), time: time.format(moment) }
}
