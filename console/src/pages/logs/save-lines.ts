import type { LogLine } from '@roundhouse/sdk'
import { saveFile } from '../../predict/save-file.ts'

/** Saves the lines as a file, one JSON object a line. */
export function saveLines(lines: readonly LogLine[]): void {
  const text = lines.map(line => `${JSON.stringify(line)}\n`).join('')
  const now = new Date().toISOString().slice(0, 19).replaceAll(':', '')
  saveFile(`roundhouse-logs-${now}.ndjson`, text, 'application/x-ndjson')
}
