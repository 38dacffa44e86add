import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { ArtifactAddress, ArtifactFacts, ArtifactSource } from '../ports/artifact-source.ts'
import { isLasting, type Patience } from './patience.ts'

/**
 * The bytes of one object, all of them or an error: what breaks is gone on with where it broke, as long as it is the
 * same object.
 * @throws Problem `conflict` when it changed meanwhile; StorageOutage.
 */
export async function* readArtifact(
  source: Pick<ArtifactSource, 'read'>,
  address: ArtifactAddress,
  { sizeBytes, etag }: ArtifactFacts,
  patience: Patience,
): AsyncGenerator<Uint8Array> {
  let start = 0
  while (start < sizeBytes) {
    let stream: Readable | undefined
    try {
      stream = await patience.within(signal => source.read(address, { start, etag }, signal))
      // Told by `next`; without a listener one that comes between two calls would end the process.
      stream.on('error', () => {})
      const chunks = stream[Symbol.asyncIterator]()
      for (;;) {
        const { done, value } = await patience.within(() => chunks.next())
        if (done) break
        if (!(value instanceof Uint8Array)) throw new TypeError('A storage gives bytes')
        start += value.byteLength
        if (start > sizeBytes)
          throw new Problem('conflict', `The object is longer than the ${sizeBytes} bytes it had.`)
        patience.gain(value.byteLength)
        yield value
      }
      if (start < sizeBytes) throw new Error(`it ended after ${start} of ${sizeBytes} bytes`)
    } catch (error) {
      if (isLasting(error)) throw error
      await patience.after(error)
    } finally {
      stream?.destroy()
    }
  }
}
