import { defineTask, type TaskDeclaration } from '@roundhouse/sdk/config'
import type { Credits } from '../credits/credits.ts'

/** Tasks of the server itself: no one else can use these names. */
export const builtInTaskNames = ['credits-renew'] as const

export function builtInTasks({ credits }: { credits: Pick<Credits, 'renew'> }): TaskDeclaration[] {
  return [
    defineTask({
      name: builtInTaskNames[0],
      description: 'Gives everyone the credits of their plan for the month, once.',
      // Every day: who could not be given theirs on the first has them a day later.
      schedule: '5 0 * * *',
      missed: 'once',
      async run({ rows }) {
        rows.written(await credits.renew())
      },
    }),
  ]
}
