import type { QueueName } from '../../ports/queue.ts'

/** Beside our tables, not among them: these belong to pg-boss. */
export const queueSchema = 'roundhouse_queue'

export const queueNames: readonly QueueName[] = ['model', 'batch', 'task', 'run', 'default']

/** Holds what was given up. */
export const deadLetters = (name: QueueName): string => `${name}-dead`
