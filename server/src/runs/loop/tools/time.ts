import { type AgentTool, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Clock } from '../../../kit/clock.ts'
import type { Tool } from '../../tool.ts'

const timeArguments = z.object({ time_zone: z.string().optional() })

/** What time it is, which models do not know. */
export function timeTool(clock: Clock, { approval = false }: Extract<AgentTool, { type: 'time' }>): Tool {
  return {
    name: 'time',
    description: 'The current date, time and day of the week.',
    parameters: {
      type: 'object',
      properties: {
        time_zone: { type: 'string', description: 'IANA name, such as Europe/Berlin. UTC when absent.' },
      },
      additionalProperties: false,
    },
    isHeavy: false,
    needsApproval: approval,
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
