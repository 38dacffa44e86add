import { readFile } from 'node:fs/promises'
import { packageFile } from './paths.ts'

export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string }
  return version
}
