import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { S3Credentials } from '../adapters/files/s3/client.ts'
import { parseS3Place, type S3Place } from '../adapters/files/s3/place.ts'
import { defer, type Scope } from './defer.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

/** An S3 server that checks signatures, puts files in a folder, and is built by `npm test` where Go is installed. */
export const s3Program = {
  module: 'github.com/versity/versitygw@v1.8.0',
  sum: 'h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=',
  command: './cmd/versitygw',
  path: fileURLToPath(new URL('../../../node_modules/.cache/s3-server/versitygw-1.8.0', import.meta.url)),
}

export type S3Server = {
  port: number
  credentials: S3Credentials
  /** Its buckets, a folder each, with the objects as files. */
  folder: string
  region: string
  /** Makes the bucket; the place of a store in it. `port` that of a proxy before the server. */
  bucket(name: string, port?: number): Promise<S3Place>
  /** `FILES_URL` of that bucket. */
  url(bucket: string, port?: number): string
}

/** On loopback; ended when the scope ends. */
export async function startS3(scope: Scope): Promise<S3Server> {
  const base = await temporaryFolder(scope)
  const folder = join(base, 'buckets')
  const sidecar = join(base, 'sidecar')
  await Promise.all([mkdir(folder), mkdir(sidecar)])
  const port = await freePort()
  const region = 'eu-test-1'
  const credentials = { accessKeyId: 'roundhouse-test', secretAccessKey: 'the-secret-of-the-storage' }
  const flags = ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', '--region', region]
  const child = spawn(
    s3Program.path,
    [...flags, '--virtual-domain', 'localhost', 'posix', '--sidecar', sidecar, folder],
    {
      env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  defer(scope, async () => {
    child.kill('SIGKILL')
    await exited
  })
  await once(child, 'spawn')
  await until(() => answers(port), `an S3 server on port ${port}`)
  const url = (name: string, at = port) =>
    `s3://${name}/house?endpoint=http://127.0.0.1:${at}&region=${region}`
  return {
    port,
    credentials,
    folder,
    region,
    url,
    async bucket(name, at = port) {
      await mkdir(join(folder, name), { recursive: true })
      return parseS3Place(url(name, at))
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
