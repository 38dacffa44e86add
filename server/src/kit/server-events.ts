const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Reads a stream of events (HTML Standard, "Server-sent events") of which only the data counts. */
export type EventReader = {
  /** The data of the events that these bytes complete. @throws RangeError when a line is longer than the limit. */
  push(bytes: Buffer): string[]
  /** Of what lacks its last blank line: some leave it out behind `[DONE]`. */
  end(): string[]
}

/**
 * Only whole lines become text, so that a character torn between two reads is never looked at. A line that takes many
 * reads is put together once, when its end has come.
 */
export function createEventReader(maxLineBytes: number): EventReader {
  /** The beginning of a line whose end has not come. */
  let torn: Buffer[] = []
  let tornBytes = 0
  /** Of the event that is being read; undefined before its first line of data. */
  let data: string | undefined

  function take(line: Buffer, from: number, to: number, events: string[]): void {
    const end = to > from && line[to - 1] === carriageReturn ? to - 1 : to
    if (end === from) {
      if (data !== undefined) events.push(data)
      data = undefined
      return
    }
    if (!isData(line, from, end)) return
    const text = line.toString('utf8', line[from + 5] === 0x20 ? from + 6 : from + 5, end)
    data = data === undefined ? text : `${data}\n${text}`
  }

  function keep(rest: Buffer): void {
    torn.push(rest)
    tornBytes += rest.length
    if (tornBytes > maxLineBytes) throw new RangeError(`a line has more than ${maxLineBytes} bytes`)
  }

  return {
    push(bytes) {
      const events: string[] = []
      let from = 0
      for (let to = bytes.indexOf(lineFeed); to >= 0; to = bytes.indexOf(lineFeed, from)) {
        if (tornBytes > 0) {
          keep(bytes.subarray(from, to))
          const line = Buffer.concat(torn, tornBytes)
          torn = []
          tornBytes = 0
          take(line, 0, line.length, events)
        } else take(bytes, from, to, events)
        from = to + 1
      }
      if (from < bytes.length) keep(bytes.subarray(from))
      return events
    },
    end() {
      const events: string[] = []
      const line = Buffer.concat(torn, tornBytes)
      if (line.length > 0) take(line, 0, line.length, events)
      if (data !== undefined) events.push(data)
      return events
    },
  }
}

/** Whether the line begins with `data:`. Compared by byte: most lines do, and making a text of each costs more. */
function isData(line: Buffer, from: number, end: number): boolean {
  return (
    end - from >= 5 &&
    line[from] === 0x64 &&
    line[from + 1] === 0x61 &&
    line[from + 2] === 0x74 &&
    line[from + 3] === 0x61 &&
    line[from + 4] === 0x3a
  )
}
