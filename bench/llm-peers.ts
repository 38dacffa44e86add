import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { awaitOutput, runProgram, type Started, start } from './processes.ts'

type Peer = Started & { port: number }

const sources = resolve(import.meta.dirname, 'llm-peers')
const installed = resolve(import.meta.dirname, '../.cache/bench-llm-peers')
const programs = ['ai-sdk.mjs', 'portkey-preload.mjs'] as const

/** The AI SDK's `streamText` behind Node's HTTP server. */
export async function startAiSdk(folder: string, baseUrl: string): Promise<Peer & { versions: string }> {
  await prepare()
  const peer = await startPeer(join(folder, 'ai-sdk.log'), [join(installed, 'ai-sdk.mjs'), baseUrl])
  return { ...peer, versions: await versions() }
}

/** The gateway as its package starts it, without its console. */
export async function startPortkey(folder: string): Promise<Peer> {
  await prepare()
  return startPeer(join(folder, 'portkey.log'), [
    '--import',
    join(installed, 'portkey-preload.mjs'),
    join(installed, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
    '--port=0',
    '--headless',
  ])
}

async function startPeer(logFile: string, args: readonly string[]): Promise<Peer> {
  const started = start({ command: process.execPath, args, env: { NODE_ENV: 'production' }, logFile })
  try {
    const port = Number(await awaitOutput(started, output => /^\d+$/m.exec(output)?.[0]))
    return { ...started, port }
  } catch (error) {
    await started.stop()
    throw error
  }
}

/** Installs exactly what the lock names; nothing when it is there already. The programs are beside what they import. */
async function prepare(): Promise<void> {
  const files = ['package.json', 'package-lock.json']
  const wanted = createHash('sha256')
  for (const file of files) wanted.update(await readFile(join(sources, file)))
  const made = wanted.digest('hex')
  const stamp = join(installed, 'made-from')
  if (!existsSync(stamp) || (await readFile(stamp, 'utf8')) !== made) {
    await rm(installed, { recursive: true, force: true })
    await mkdir(installed, { recursive: true })
    for (const file of files) await copyFile(join(sources, file), join(installed, file))
    await runProgram('npm', ['ci', '--prefix', installed, '--ignore-scripts', '--no-audit', '--no-fund'])
    await writeFile(stamp, made)
  }
  for (const program of programs) await copyFile(join(sources, program), join(installed, program))
}

async function versions(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(join(sources, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
