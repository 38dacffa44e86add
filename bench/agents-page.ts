import { digits, table, whole } from './markdown.ts'
import { type AgentRow, llmServerNames, type Results } from './results.ts'

/** The part of the page about language models: what stands between one and its readers. */
export function agentsPart({ agents }: Results): string[] {
  if (!agents) return []
  const { rows, notMeasured, rounds, streams, chunks, everyMs, perLane, idleCount, peers, followers } = agents
  const parse = rows.find(row => row.server === llmServerNames.parse && row.failed === 0)
  const isModel = ({ server }: AgentRow) => server === llmServerNames.direct
  const idleRows = rows.map(row => [
    row.server,
    digits(row.firstTokenP50Ms),
    digits(row.firstTokenP99Ms),
    isModel(row) ? '' : digits(row.addedP50Ms),
    isModel(row) ? '' : digits(row.addedP99Ms),
    row.wholeP50Ms === null ? '' : digits(row.wholeP50Ms),
    row.wholeAddedP50Ms === null || isModel(row) ? '' : digits(row.wholeAddedP50Ms),
    wrong(row),
  ])
  const streamRows = rows.map(row => [
    row.server,
    digits(row.chunkCpuMicros),
    parse && parse !== row && !isModel(row) && row.failed === 0
      ? `${digits(row.chunkCpuMicros / parse.chunkCpuMicros)}x`
      : '',
    digits(row.chunkTreeCpuMicros),
    whole(row.startCpuMicros),
    whole(row.startTreeCpuMicros),
    row.framesPerChunk > 0 ? row.framesPerChunk.toFixed(2) : '',
    whole(row.longestStallMs),
    wrong(row),
  ])
  return [
    '',
    '## Streams of language models',
    '',
    ...table(
      [
        'Idle, one after the other',
        'First token p50 ms',
        'p99 ms',
        'added p50 ms',
        'added p99 ms',
        'Not streamed p50 ms',
        'added p50 ms',
        '',
      ],
      idleRows,
    ),
    '',
    ...table(
      [
        `${streams} streams of ${chunks} chunks, one each ${everyMs} ms`,
        'CPU µs/chunk',
        'of parsing and sending anew',
        'with its database',
        'CPU µs/stream of one chunk',
        'with its database',
        'Events/chunk',
        'Longest stall ms',
        '',
      ],
      streamRows,
    ),
    '',
    `One scripted model in a process of its own behind all of them; each request over a new connection, and each answer compared with what the model had said. Idle: ${idleCount} requests a round; what is added is above the model itself, asked in the same round. Streams: ${streams} at a time, ${perLane} after one another, which do not begin in the same moment; CPU from the first request until the server was at rest again, so that beginning, ending and storing are in it, divided by the chunks of the model. Median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in shuffled order; of the stalls the longest of all.`,
    '',
    '- The targets are about the process of the server. Beside it stands all it started: Postgres, which writes every event of a run to disk before a reader sees it.',
    `- **${llmServerNames.agent}**: \`POST /api/v1/agents/{id}/runs\` with the service-role key: the run, its events, steps and trace are stored. Text that comes while a commit is under way becomes one event, so that under load a reader gets fewer and longer ones.`,
    `- **${llmServerNames.model}**: a provider's model, passed through; the call is recorded. For both more calls at a time are allowed than by default.`,
    `- **${llmServerNames.parse}**: each event taken apart, parsed, numbered and printed; no key, checks, log or table. **${llmServerNames.pipe}**: not even that.`,
    `- **AI SDK, Portkey**: ${peers || 'not installed'}. Portkey with a preload that binds it to loopback and lets it change the headers of an answer, without which it answers each call 500.`,
    ...notMeasured.map(({ server, why }) => `- **${server}**: not measured. ${why}`),
    ...rows.flatMap(({ server, failure }) =>
      failure === null
        ? []
        : [
            `- **${server}**, the first wrong answer: ${failure === '' ? 'nothing came' : `\`${oneLine(failure)}\``}`,
          ],
    ),
    '',
    ...table(
      ['Followers of runs in which nothing happens', 'Before MB', 'With them MB', 'Grown by MB', ''],
      [
        [
          `${whole(followers.count)} on ${followers.runs} runs`,
          whole(followers.beforeBytes / 1e6),
          whole(followers.afterBytes / 1e6),
          digits((followers.afterBytes - followers.beforeBytes) / 1e6),
          followers.failed === 0 ? '' : `**${followers.failed} failed**`,
        ],
      ],
    ),
    '',
    'Resident memory of the process of a server that has only just started.',
  ]
}

function wrong({ failed, answers }: AgentRow): string {
  return failed === 0 ? '' : `**${failed} of ${failed + answers} failed**`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('`', "'").slice(0, 200)
}
