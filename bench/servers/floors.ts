import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { awaitOutput, type Started, start } from '../processes.ts'
import type { Workload } from '../workloads.ts'

export type Floor = { port: number; started: Started }

/** A server without inference: the program of that name in this folder, with an answer of the right size per model. */
export async function startFloor(
  program: 'http-floor' | 'fastify-floor',
  folder: string,
  workloads: readonly Workload[],
): Promise<Floor> {
  const answersFile = join(folder, `${program}.json`)
  await writeFile(
    answersFile,
    JSON.stringify(
      Object.fromEntries(
        workloads.map(workload => [`/v2/models/${workload.name}/infer`, answerOf(workload)]),
      ),
    ),
  )
  const started = start({
    command: process.execPath,
    args: [resolve(import.meta.dirname, `${program}.ts`), answersFile],
    logFile: join(folder, `${program}.log`),
  })
  const port = Number(await awaitOutput(started, output => /^\d+$/m.exec(output)?.[0]))
  return { port, started }
}

/** As the protocol answers, with the numbers printed as short as a float32 can be (8 digits), so that the size is the same. */
function answerOf({ name, output, expected }: Workload): object {
  const data = Array.from(expected[0] ?? [], value => Number(value.toPrecision(8)))
  return {
    model_name: name,
    model_version: '1',
    outputs: [{ name: output, shape: [1, data.length], datatype: 'FP32', data }],
  }
}
