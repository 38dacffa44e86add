import type { RunStop } from '../run.ts'
import type { RunStep } from '../stream.ts'

/** Why the run has ended with this answer; null while it calls tools or has to be given again. */
export function verdictOf(answer: RunStep | undefined): RunStop | null {
  if (answer?.message?.role !== 'assistant') return null
  const { finish_reason, output_errors } = answer.attributes
  if (finish_reason === 'credits' || finish_reason === 'seconds') return finish_reason
  return answer.message.tool_calls || output_errors !== undefined ? null : 'answered'
}
