import { type AgentTemplate, type CreateAgent, createAgent } from '@roundhouse/sdk/contract'

type Template = { name: string; description: string; agent: CreateAgent }

/** Runs without a key; whoever has a provider chooses a model of it. */
const model = 'demo/demo'

const templates: readonly Template[] = [
  {
    name: 'assistant',
    description: 'Answers questions, knows the time, and remembers what was said before.',
    agent: {
      name: 'Assistant',
      model,
      system_prompt:
        'You are a helpful assistant. Answer in the language of the question, briefly and precisely. Say so when you do not know something; never invent facts, names or sources.',
      tools: [{ type: 'time' }],
      memory: { messages: 40, summarise: true },
    },
  },
  {
    name: 'support',
    description: 'Answers customers from your own texts, and from nothing else.',
    agent: {
      name: 'Support',
      model,
      temperature: 0.2,
      system_prompt:
        'You answer customers of our company. Use the texts below and nothing else. When they do not hold the answer, say so and offer to pass the question on to a person. Be friendly and brief; promise nothing that the texts do not promise.',
      knowledge: [
        { content: 'Opening hours: Monday to Friday, 9:00 to 17:00.' },
        {
          content:
            'Returns: within 30 days, unused, with the receipt. The money is back within 5 working days.',
        },
      ],
      memory: { messages: 20 },
      limits: { max_steps: 4 },
    },
  },
  {
    name: 'extractor',
    description: 'Turns text into data of a fixed form, here those of an invoice.',
    agent: {
      name: 'Extractor',
      model,
      temperature: 0,
      system_prompt:
        'Read the text and fill in the form. Copy what is there, and use null for what is not; never guess. Dates are written as YYYY-MM-DD, amounts as numbers without a currency sign.',
      output_schema: {
        type: 'object',
        properties: {
          number: { type: ['string', 'null'] },
          date: { type: ['string', 'null'] },
          seller: { type: ['string', 'null'] },
          currency: { type: ['string', 'null'] },
          total: { type: ['number', 'null'] },
          lines: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                description: { type: 'string' },
                quantity: { type: ['number', 'null'] },
                amount: { type: ['number', 'null'] },
              },
              required: ['description', 'quantity', 'amount'],
              additionalProperties: false,
            },
          },
        },
        required: ['number', 'date', 'seller', 'currency', 'total', 'lines'],
        additionalProperties: false,
      },
      memory: { messages: 0 },
      limits: { max_steps: 2 },
    },
  },
  {
    name: 'editor',
    description: 'Makes a text clear and correct, and keeps its meaning and language.',
    agent: {
      name: 'Editor',
      model,
      temperature: 0.3,
      system_prompt:
        'Rewrite the text that you are given so that it is clear, correct and as short as it can be. Keep its language, meaning, tone, names and numbers. Answer with the new text alone.',
      memory: { messages: 0 },
      limits: { max_steps: 1 },
    },
  },
  {
    name: 'researcher',
    description: 'Works long and in many steps, on a worker, within a budget.',
    agent: {
      name: 'Researcher',
      model,
      system_prompt:
        'You work on a question until it is answered. First write a short plan. Then go through it step by step with the tools you have, and check each result before you use it. At last give the answer, how sure you are of it, and what is still open.',
      tools: [{ type: 'time' }],
      is_heavy: true,
      limits: { max_steps: 60, max_seconds: 3600, max_credits: 10_000 },
      memory: { messages: 40, summarise: true },
    },
  },
]

/** Agents to begin with, whole: each can be sent to `POST /api/v1/agents` as it is. */
export function agentTemplates(): AgentTemplate[] {
  return templates.map(template => ({ ...template, agent: createAgent.parse(template.agent) }))
}
