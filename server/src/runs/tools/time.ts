import { type AgentToolOf, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { OpenedTool } from '../tool.ts'

const timeArguments = z.object({ time_zone: z.string().optional() })

/** What time it is, which models do not know. */
export function timeTool(clock: Clock, { name, description }: AgentToolOf<'time'>): OpenedTool {
  return {
    name: name ?? 'time',
    description: description ?? 'The current date, time and day of the week.',
    parameters: {
      type: 'object',
      properties: {
        time_zone: { type: 'string', description: 'IANA name, such as Europe/Berlin. UTC when absent.' },
      },
      additionalProperties: false,
    },
    isRepeatable: true,
    timeoutMs: 1000,
    async call(args) {
      const { time_zone = 'UTC' } = timeArguments.parse(args)
      const now = new Date(clock.now())
      return `${now.toISOString()}, which is ${there(now, time_zone)} in ${time_zone}`
    },
  }
}

function there(now: Date, timeZone: string): string {
  try {
    return now.toLocaleString('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'medium' })
  } catch (error) {
    throw new Problem('invalid-request', `There is no time zone ${JSON.stringify(timeZone)}.`, {
      cause: error,
    })
  }
}
