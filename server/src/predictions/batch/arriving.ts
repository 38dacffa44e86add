import { Transform } from 'node:stream'
import type { BatchFormat } from '@roundhouse/sdk/contract'
import { createRecords } from '../../kit/csv/records.ts'
import { headerOf } from './begin.ts'
import { columnsOf } from './csv-header.ts'
import type { Field } from './fields.ts'

export type Arriving = {
  readonly stream: Transform
  /** Once all has gone through: as many rows as there are at most. */
  lines(): number
}

const lineFeed = 0x0a

/**
 * Looks at a file on its way into the store: counts its lines, and refuses one whose first line does not fit before the
 * rest has come. A quoted cell of several lines counts as so many: they are held, and given back in the end.
 */
export function createArriving(format: BatchFormat, inputs: readonly Field[]): Arriving {
  let records = format === 'csv' ? createRecords({ csv: true, from: { offset: 0, line: 1 } }) : undefined
  let lines = 0
  let endsInLine = false

  function look(isEnd: boolean): void {
    if (!records) return
    if (isEnd) records.finish()
    if (!records.next()) return
    const header = headerOf(records)
    columnsOf(header, inputs)
    lines -= 1
    records = undefined
  }

  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        records?.push(chunk)
        look(false)
        for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) lines += 1
        if (chunk.length > 0) endsInLine = chunk.at(-1) !== lineFeed
        done(null, chunk)
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
    flush(done) {
      try {
        look(true)
        if (endsInLine) lines += 1
        done()
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
  })
  return { stream, lines: () => Math.max(0, lines) }
}
