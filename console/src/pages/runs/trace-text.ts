import { counted, credits, duration } from '../../ui/format.ts'
import { payloadOf, type RunStory } from './span-payload.ts'
import { type TreeSpan, takeOvers } from './span-tree.ts'

/** The whole trace as one text, to search and to hand on. */
export function traceText(tree: readonly TreeSpan[], story: RunStory): string {
  const { run } = story
  const head = [
    `Run ${run.id}`,
    `status ${run.status}${run.stopped && run.stopped !== 'answered' ? `, stopped by its limit of ${run.stopped}` : ''}`,
    `agent ${run.agent_id} ${run.agent_version === null ? 'draft' : `version ${run.agent_version}`}`,
    `request ${run.request_id ?? 'none'}`,
    `begun ${run.created_at}${run.finished_at === null ? '' : `, ended ${run.finished_at}`}`,
    `${counted(run.usage.input_tokens, 'token')} in, ${counted(run.usage.output_tokens, 'token')} out, ${credits(run.credits)}`,
  ]
  const marks = takeOvers(tree)
  const parts = tree.flatMap(span => {
    const mark =
      span.kind !== 'run' && marks.find(one => one.attempt === span.attempt && one.atMs === span.startMs)
    const taken = mark ? [`-- another process goes on here: attempt ${mark.attempt} --`] : []
    return [...taken, spanText(span, story)]
  })
  return [head.join('\n'), ...parts].join('\n\n')
}

function spanText(span: TreeSpan, story: RunStory): string {
  const pad = '  '.repeat(span.depth)
  const facts = [
    `+${duration(span.startMs)}`,
    span.endMs === null ? span.state : duration(span.endMs - span.startMs),
    span.state === 'failed' ? 'failed' : '',
    span.span?.usage ? `${span.span.usage.input_tokens}+${span.span.usage.output_tokens} tokens` : '',
    span.span && span.span.credits > 0 ? credits(span.span.credits) : '',
  ].filter(Boolean)
  const lines = [`[${span.kind}] ${span.name}  ${facts.join('  ')}`]
  if (span.span?.error) lines.push(`error: ${span.span.error}`)
  for (const { title, text } of payloadOf(span, story))
    lines.push(`${title}:`, ...text.split('\n').map(line => `  ${line}`))
  return lines.map(line => pad + line).join('\n')
}
