import type { AgentConfig } from '@roundhouse/sdk/contract'
import type { ChatBody, ChatMessage } from '../../ports/llm.ts'
import type { Run } from '../run.ts'
import type { RunStep } from '../stream.ts'
import type { Tool } from '../tool.ts'

type Request = ChatBody

/** What the model is asked next: the same for the same run and steps, so that what it may cost is too. */
export function nextRequest(
  run: Pick<Run, 'config' | 'memory' | 'input'>,
  steps: readonly RunStep[],
  tools: readonly Tool[],
): Request {
  const { config } = run
  return {
    messages: [
      ...instructions(config),
      ...run.memory,
      ...run.input,
      ...steps.flatMap(({ message, attributes }) =>
        message ? [message, ...objection(attributes.output_errors)] : [],
      ),
    ],
    ...(config.temperature === null ? {} : { temperature: config.temperature }),
    ...(config.max_tokens === null ? {} : { max_tokens: config.max_tokens }),
    ...(tools.length === 0 ? {} : { tools: tools.map(described) }),
    ...(config.output_schema === null
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'answer', schema: config.output_schema },
          },
        }),
  }
}

function instructions({ system_prompt, knowledge }: AgentConfig): ChatMessage[] {
  const content = [system_prompt, ...knowledge.map(text => text.content)].filter(text => text !== '')
  return content.length === 0 ? [] : [{ role: 'system', content: content.join('\n\n') }]
}

/** To an answer that was not in the form asked for. */
function objection(errors: unknown): ChatMessage[] {
  if (typeof errors !== 'string') return []
  return [
    {
      role: 'user',
      content: `Your answer does not keep to the JSON Schema that it has to keep to: ${errors}\nGive the whole answer again: JSON alone, that keeps to it.`,
    },
  ]
}

function described({ name, description, parameters }: Tool): unknown {
  return { type: 'function', function: { name, description, parameters } }
}
