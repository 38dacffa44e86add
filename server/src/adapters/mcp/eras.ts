import type { PriorDiscovery } from '@modelcontextprotocol/client'
import type { Clock } from '../../kit/clock.ts'

/** A server that learns the newer era is asked again behind this. */
const keptMs = 10 * 60_000
const mostKept = 500

/** Which era the servers at these addresses speak. Several may stand behind one origin, each of its own. */
export function createEras(clock: Pick<Clock, 'now'>) {
  const known = new Map<string, { prior: PriorDiscovery; keptAt: number }>()
  return {
    of(url: string): PriorDiscovery | undefined {
      const era = known.get(url)
      return era && clock.now() - era.keptAt < keptMs ? era.prior : undefined
    },
    keep(url: string, prior: PriorDiscovery): void {
      const era = known.get(url)
      if (era && clock.now() - era.keptAt < keptMs) return
      known.delete(url)
      known.set(url, { prior, keptAt: clock.now() })
      if (known.size > mostKept) known.delete(known.keys().next().value ?? '')
    },
    forget: (url: string): void => void known.delete(url),
  }
}
