import { digits, table, whole } from './markdown.ts'
import { fileServerNames, median, type Results, speedAgainst } from './results.ts'

const direction = { download: 'out', upload: 'in' } as const

/** The part of the page about files: large ones, many at once, signed links. */
export function filesPart({ files }: Results): string[] {
  if (!files) return []
  const { sizeBytes, rounds, rows, checked, hashCpuSeconds, memory, links } = files
  const transfers = rows.map(({ way, server, bytesPerSecond, cpuSeconds, failed }) => {
    const peer = server === fileServerNames.house ? undefined : speedAgainst(files, way, server)
    return [
      `${whole(sizeBytes / 1e6)} MB ${direction[way]}`,
      server,
      failed === 0 ? whole(median(bytesPerSecond) / 1e6) : `**${failed} failed**`,
      peer === undefined ? '' : `${digits(peer)}x`,
      digits(cpuSeconds * 1000),
    ]
  })
  const memoryRows = memory.rows.map(row => [
    row.server,
    ...[row.beforeBytes, row.downloadPeakBytes, row.uploadPeakBytes, row.afterBytes].map(bytes =>
      whole(bytes / 1e6),
    ),
    row.failed === 0 ? '' : `**${row.failed} failed**`,
  ])
  return [
    '',
    '## Files',
    '',
    ...table(['File', 'Server', 'MB/s', 'Roundhouse against it', 'CPU ms per file'], transfers),
    '',
    `One keep-alive connection, one file after the other, the folder store and the files of the peer on the same disk; median of ${rounds} rounds in shuffled order, the ratio round by round. Ours reads the row of a private bucket with the service-role key; CPU is of all its processes, Postgres included. ${checked} downloads were compared with what had been sent.`,
    '',
    `- **plain Node**: \`pipeline(createReadStream(path), response)\`; \`pipeline(request, createWriteStream(path))\`, fsync of the file, rename. Without fsync the bytes are still in memory when it answers: no peer for a store that promises to keep them.`,
    `- **Roundhouse** also hashes what comes in (SHA-256 of ${whole(sizeBytes / 1e6)} MB alone: ${digits(hashCpuSeconds * 1000)} ms of CPU), syncs the folders and writes the row.`,
    '',
    ...table(
      [
        'Resident memory, MB',
        'at rest',
        `peak, ${memory.connections} files out`,
        `peak, ${memory.connections} files in`,
        'at rest again',
        '',
      ],
      memoryRows,
    ),
    '',
    `${memory.connections} connections at once, a file of ${whole(memory.sizeBytes / 1e6)} MB each, after one of each to warm up; the process that serves, sampled every 50 ms.`,
    '',
    `A check of a signed link takes ${digits(links.cpuMicros)} µs of CPU: \`verify\` in process, median of ${links.rounds} rounds of ${whole(links.checksPerRound)}, warm, links of many files in turn.`,
  ]
}
