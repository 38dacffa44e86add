import type { ArtifactAddress, ArtifactSource } from '../ports/artifact-source.ts'

/** Several storages as one: an object is taken from the first that has it. */
export function firstSource(sources: readonly ArtifactSource[]): ArtifactSource {
  const foundIn = new Map<string, ArtifactSource>()
  const keyOf = ({ bucket, path }: ArtifactAddress) => `${bucket}/${path}`

  return {
    label: sources.map(({ label }) => label).join(' or '),
    async stat(address, signal) {
      for (const source of sources) {
        const facts = await source.stat(address, signal)
        if (!facts) continue
        foundIn.set(keyOf(address), source)
        return facts
      }
      return undefined
    },
    async read(address, part, signal) {
      const source = foundIn.get(keyOf(address))
      if (!source) throw new Error(`Nobody asked for ${keyOf(address)} before it was read`)
      return source.read(address, part, signal)
    },
  }
}
