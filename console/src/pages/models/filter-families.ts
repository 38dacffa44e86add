import type { Family } from './families.ts'
import { type Served, versionState } from './version-state.ts'

/** Those whose name or description has every word of `words`, and one of whose versions is in the state. */
export function filterFamilies(
  families: readonly Family[],
  { q, status }: { q?: string | undefined; status?: string | undefined },
  served: Served,
): Family[] {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  return families.filter(family => {
    const text = `${family.name} ${family.shown.description ?? ''}`.toLowerCase()
    if (!words.every(word => text.includes(word))) return false
    return (
      status === undefined || family.versions.some(version => versionState(version, served).word === status)
    )
  })
}
