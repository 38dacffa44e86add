import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { CodeBlock } from '../../ui/copy.tsx'
import { count, credits, duration } from '../../ui/format.ts'
import { Card, Facts } from '../../ui/page.tsx'
import { ApiState, Notice } from '../../ui/state.tsx'
import { dollars } from './dollars.ts'
import { eventsOf, payloadOf, type RunStory } from './span-payload.ts'
import type { TreeSpan } from './span-tree.ts'

/** What one span was given and gave, what it took, and the events that tell of it. */
export function SpanDetail({ span, story }: { span: TreeSpan; story: RunStory }): ReactElement {
  const payload = payloadOf(span, story)
  const events = eventsOf(span, story.events)
  const title = span.kind === 'run' ? 'The whole run' : span.name
  return (
    <section aria-label={`Span ${span.name}`}>
      <Card className="grid gap-4">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h2 className="text-[15px] font-semibold [overflow-wrap:anywhere]">{title}</h2>
          <ApiState state={span.state} />
        </div>
        {span.span?.error && <Notice tone="bad">{span.span.error}</Notice>}
        {payload.map(({ title, text }) => (
          <div key={title}>
            <h3 className="mb-1 text-[13px] font-medium text-quiet">{title}</h3>
            <CodeBlock
              label={title}
              code={text}
              className="[&_pre]:max-h-72 [&_pre]:whitespace-pre-wrap [&_pre]:[overflow-wrap:anywhere]"
            />
          </div>
        ))}
        {payload.length === 0 && (
          <p className="text-sm text-quiet">
            {span.endMs === null
              ? 'Nothing has come yet.'
              : 'What it was given and gave is not there any more, or there was nothing.'}
          </p>
        )}
        <Facts facts={factsOf(span)} />
        {events.length > 0 && (
          <details>
            <summary className="text-[13px] font-medium text-quiet">
              Events of this span: {count(events.length)}
            </summary>
            <ol className="mt-2 grid gap-1 font-mono text-xs">
              {events.slice(0, 100).map(({ seq, event }) => (
                <li key={seq} className="flex gap-3">
                  <Link
                    to="/runs/$id"
                    params={{ id: story.run.id }}
                    search={{ as: 'events', event: seq }}
                    className="w-10 shrink-0 text-right text-quiet underline underline-offset-2 tabular"
                  >
                    {seq}
                  </Link>
                  <span className="[overflow-wrap:anywhere]">{event.type}</span>
                </li>
              ))}
            </ol>
            {events.length > 100 && (
              <p className="mt-1 text-[13px] text-quiet">
                And {count(events.length - 100)} more, under Events.
              </p>
            )}
          </details>
        )}
      </Card>
    </section>
  )
}

function factsOf({ span, startMs, endMs, attempt, kind }: TreeSpan): [string, string][] {
  const facts: [string, string][] = [
    ['Begins', `${duration(startMs)} after the run`],
    ['Takes', endMs === null ? 'still going on' : duration(endMs - startMs)],
  ]
  if (!span) return facts
  const { usage, time_to_first_token_ms: firstMs, cost_micros: cost } = span
  if (firstMs !== null) facts.push(['First token', `after ${duration(firstMs)}`])
  if (usage)
    facts.push([
      'Tokens',
      `${count(usage.input_tokens)} in, ${count(usage.output_tokens)} out${usage.estimated ? ', estimated' : ''}`,
    ])
  facts.push(['Credits', credits(span.credits)])
  if (cost !== null && cost > 0) facts.push(['Provider cost', dollars(cost)])
  facts.push(['Attempt', String(attempt)])
  if (kind === 'run') return facts
  for (const [name, value] of Object.entries(span.attributes))
    if (value !== null && !hidden.has(name))
      facts.push([name.replaceAll('_', ' '), typeof value === 'string' ? value : JSON.stringify(value)])
  return facts
}

/** Said already, or of no meaning to a reader. */
const hidden = new Set(['fixed_credits', 'micro_credits'])
