import { openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { createClient } from '@roundhouse/sdk'

type PushOptions = { name: string; modelVersion?: string; url: string; key?: string }

/** Uploads one file to a running server and says what it became. */
export async function pushCommand(file: string, options: PushOptions): Promise<void> {
  const { name, modelVersion, url } = options
  if (!/^https?:\/\/./.test(url)) throw new Error(`--url begins with http:// or https://, got "${url}".`)
  const client = createClient({ baseUrl: url, token: options.key ?? (await knownKey()) })
  const model = await client.models.push(await open(file), {
    name,
    fileName: basename(file),
    ...(modelVersion === undefined ? {} : { version: modelVersion }),
  })
  console.log(`${model.name}@${model.version} is ${model.status} (${model.id})`)
}

async function open(file: string): Promise<Blob> {
  try {
    return await openAsBlob(file)
  } catch (error) {
    // Node gives no reason: it is a TypeError whatever is wrong with the path.
    throw new Error(`The file ${file} cannot be read. Check the path.`, { cause: error })
  }
}

async function knownKey(): Promise<string> {
  const { ROUNDHOUSE_KEY: key, DATA_DIR: folder } = process.env
  if (key) return key
  const path = join(resolve(folder || './data'), 'service-role-key')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    throw new Error(`No key: give --key or ROUNDHOUSE_KEY (there is no development key at ${path}).`)
  }
}
