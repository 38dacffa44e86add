import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { awaitOutput, runProgram, type Started, start } from '../processes.ts'

export type FastApi = { port: number; started: Started; versions: string }

const sources = resolve(import.meta.dirname, '../fastapi')
const environment = resolve(import.meta.dirname, '../../.cache/bench-venv')
const python = join(environment, 'bin/python')

/** One uvicorn process with uvloop and httptools, and its access log, which is on by default as ours is. */
export async function startFastApi(
  logFile: string,
  models: { mlp: string; dense: string; forecast: string },
): Promise<FastApi> {
  await prepareEnvironment()
  const started = start({
    command: python,
    args: ['-m', 'uvicorn', 'app:app', '--app-dir', sources, '--host', '127.0.0.1', '--port', '0'],
    env: {
      MODEL_MLP: models.mlp,
      MODEL_DENSE: models.dense,
      MODEL_FORECAST: models.forecast,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    logFile,
  })
  const port = Number(
    await awaitOutput(started, output => /running on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]),
  )
  return { port, started, versions: await versions() }
}

/** Makes the virtual environment with exactly the pinned packages; nothing when it is there already. */
async function prepareEnvironment(): Promise<void> {
  const requirements = join(sources, 'requirements.txt')
  const stamp = join(environment, 'made-from')
  const wanted = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return
  await rm(environment, { recursive: true, force: true })
  await runProgram('python3', ['-m', 'venv', environment])
  await runProgram(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    requirements,
  ])
  await writeFile(stamp, wanted)
}

async function versions(): Promise<string> {
  const names = ['fastapi', 'pydantic', 'uvicorn', 'onnxruntime', 'numpy']
  const script = `import platform, importlib.metadata as m; print('Python', platform.python_version(), *[n + ' ' + m.version(n) for n in ${JSON.stringify(names)}], sep=', ')`
  return (await runProgram(python, ['-c', script])).trim().replace('Python, ', 'Python ')
}
