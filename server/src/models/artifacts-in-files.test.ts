import { Readable } from 'node:stream'
import { serviceCaller } from '../accounts/caller.ts'
import { testArtifactSourceContract } from '../ports/artifact-source.contract.ts'
import { testHouse } from '../testing/house.ts'
import { artifactsInFiles } from './artifacts-in-files.ts'

testArtifactSourceContract('buckets of this server', async scope => {
  const { objects } = (await testHouse(scope)).house.files
  return {
    source: artifactsInFiles(objects),
    async put({ bucket, path }, content) {
      await objects.put(serviceCaller('test'), {
        bucket,
        name: path,
        source: Readable.from([Buffer.from(content)]),
        contentType: 'application/octet-stream',
        upsert: true,
      })
    },
  }
})
