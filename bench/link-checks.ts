import { randomBytes, randomUUID } from 'node:crypto'
import { createLinkTokens } from '../server/src/files/links.ts'
import { systemClock } from '../server/src/kit/clock.ts'
import type { Bench } from './bench.ts'
import { type LinkChecks, median } from './results.ts'

const links = 1000
const checksPerRound = 20_000

/** CPU of checking the token of a signed link, in this process, links of many files in turn. */
export function measureLinkChecks(bench: Bench): LinkChecks {
  bench.say('files: checks of signed links')
  const secret = randomBytes(32).toString('hex')
  const { sign, verify } = createLinkTokens({ secretKeys: [secret], clock: systemClock })
  const expiresAt = new Date(Date.now() + 3_600_000)
  const signed = Array.from({ length: links }, () => {
    const url = `photos/${randomUUID()}/summer 2026/IMG_1234.jpg`
    return { url, token: sign('download', { url, expiresAt, owner: null, upsert: false }) }
  })

  function round(): number {
    const before = process.cpuUsage()
    for (let check = 0; check < checksPerRound; check++) {
      const { url, token } = signed[check % links] ?? { url: '', token: '' }
      verify(token, 'download', url)
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / checksPerRound
  }

  round()
  const rounds = bench.quick ? 5 : 15
  return { rounds, checksPerRound, cpuMicros: median(Array.from({ length: rounds }, round)) }
}
