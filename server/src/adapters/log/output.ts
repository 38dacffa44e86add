import { write, writeSync } from 'node:fs'

/** Lines on their way to a file descriptor. */
export type Output = {
  write(line: string): void
  /** Writes what is still in memory, synchronously. */
  flush(): void
}

/** Lines are gathered up to this size and written at the latest after `flushMs`: a write per request cost 10 us each. */
const gatherBytes = 32_768
const flushMs = 200
/** A reader that stands still would otherwise fill the memory: past this, new lines are dropped and counted. */
const maxWaitingChars = 8_000_000
/** A pipe that is full is tried again; at the end, when nobody can wait for it, only this long. */
const retryMs = 10
const flushLimitMs = 1000

/**
 * Writes behind the caller, in order. A reader that has gone (a closed terminal, `| head`) is no reason to stop or to
 * hang, so that whatever cannot be written is dropped: SonicBoom's flushSync tries EPIPE and EIO again for ever (4.2.1),
 * and EIO ended the process.
 */
export function createOutput(fd: number): Output {
  let lines = ''
  let dropped = 0
  let busy = false
  let scheduled = false
  let held: { bytes: Uint8Array; timer: NodeJS.Timeout } | undefined

  function start(): void {
    scheduled = false
    if (busy || lines === '') return
    busy = true
    send(take())
  }

  function take(): Buffer {
    const bytes = Buffer.from(dropped === 0 ? lines : lines + dropLine(dropped))
    lines = ''
    dropped = 0
    return bytes
  }

  function send(bytes: Uint8Array): void {
    held = undefined
    write(fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') held = { bytes, timer: setTimeout(() => send(bytes), retryMs).unref() }
      else if (!error && written < bytes.byteLength) send(bytes.subarray(written))
      else {
        busy = false
        if (lines.length >= gatherBytes) start()
      }
    })
  }

  function flush(): void {
    clearTimeout(held?.timer)
    let bytes = Buffer.concat([held?.bytes ?? new Uint8Array(0), take()])
    if (held) busy = false
    held = undefined
    const limit = performance.now() + flushLimitMs
    while (bytes.byteLength > 0) {
      try {
        bytes = bytes.subarray(writeSync(fd, bytes))
      } catch (error) {
        const full = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
        if (!full || performance.now() > limit) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
      }
    }
  }

  setInterval(start, flushMs).unref()
  process.once('exit', flush)
  return {
    write(line) {
      if (lines.length >= maxWaitingChars) {
        dropped += 1
        return
      }
      lines += line
      // Not at once: what one turn of the loop logs before the process ends is then written by `flush`, in order.
      if (lines.length < gatherBytes || scheduled) return
      scheduled = true
      setImmediate(start)
    },
    flush,
  }
}

/** An error, so that every level lets it through: whoever reads the log must know that it has a gap. */
function dropLine(dropped: number): string {
  const reason = 'the reader of the log stood still'
  return `${JSON.stringify({ level: 'error', ts: new Date().toISOString(), dropped, reason, event: 'log-drop' })}\n`
}
