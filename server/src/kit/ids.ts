import { randomBytes } from 'node:crypto'

/** Makes identifiers; a dependency, so that a test can foretell them. */
export type Ids = {
  /** A UUID whose order is the order of time (RFC 9562, version 7). */
  uuid(): string
}

/** Hex digits of one id that are random: 3 after the variant's digit, then 12. */
const randomDigits = 15
const drawnIds = 256
/** The variant is `10` in binary; its other two bits are random. */
const variants = ['8', '9', 'a', 'b']

/**
 * Random digits are drawn for many ids at a time, and the time is printed once per millisecond: two ids are made for
 * every prediction. Ids of one millisecond are kept in order by a counter in the 12 bits after the version.
 */
export function createIds(now: () => number = Date.now): Ids {
  let digits = ''
  let offset = 0
  let lastMs = 0
  let counter = 0
  let time = ''

  function tick(ms: number): void {
    lastMs = ms
    counter = 0
    const hex = ms.toString(16).padStart(12, '0')
    time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`
  }

  function draw(): void {
    digits = randomBytes((drawnIds * (randomDigits + 1)) / 2).toString('hex')
    offset = 0
  }

  return {
    uuid() {
      const ms = now()
      if (ms > lastMs) tick(ms)
      else if (++counter > 0xfff) tick(lastMs + 1)
      if (offset === digits.length) draw()
      const at = offset
      offset += randomDigits + 1
      const variant = variants[digits.charCodeAt(at) & 3]
      const sequence = counter < 0x10 ? `00${counter.toString(16)}` : counter.toString(16).padStart(3, '0')
      return `${time}${sequence}-${variant}${digits.slice(at + 1, at + 4)}-${digits.slice(at + 4, at + 16)}`
    },
  }
}
