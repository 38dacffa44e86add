import { decodeInferResponse, encodeInferRequest } from '@roundhouse/sdk'
import type { Sample } from './load.ts'
import { tensorOf, type Workload } from './workloads.ts'

/** One way to ask a server for a prediction: the requests as they go over the wire, and how its answers are read. */
export type Form = {
  readonly requests: Uint8Array[]
  /** The numbers of an answer; undefined for servers that have none. */
  readonly read: ((sample: Sample) => ArrayLike<number>) | undefined
}

/** The Open Inference Protocol. `numberText` prints the numbers of a JSON body its own way. */
export function inferForm(
  workload: Workload,
  key: string,
  options: { binary: boolean; doubles?: boolean },
): Form {
  const path = `/v2/models/${workload.name}/infer`
  return {
    requests: workload.rows.map(row => {
      if (options.doubles)
        return post(path, JSON.stringify({ inputs: [{ ...tensorOf(workload, row), data: [...row] }] }), key)
      const { body, headerLength } = encodeInferRequest({
        inputs: [tensorOf(workload, row)],
        binary: options.binary,
      })
      return post(path, body, key, headerLength)
    }),
    read({ head, body }) {
      const headerLength = /\r\ninference-header-content-length: *(\d+)/i.exec(head)?.[1]
      const { outputs } = decodeInferResponse(
        body,
        headerLength === undefined ? undefined : Number(headerLength),
      )
      return (outputs[0]?.data ?? []) as Float32Array
    },
  }
}

/** Our own API. Equal inputs would be answered from the cache; every request asks for a run. */
export function predictForm(workload: Workload, key: string, modelId: string): Form {
  return {
    requests: workload.rows.map(row =>
      post(
        `/api/v1/models/${modelId}/predict`,
        `{"input_data":{"${workload.input}":${nested(workload, row)}},"skip_cache":true}`,
        key,
      ),
    ),
    read: ({ body }) =>
      flat((json(body) as { output_data: Record<string, unknown> }).output_data[workload.output]),
  }
}

export function fastapiForm(workload: Workload): Form {
  return {
    requests: workload.rows.map(row =>
      post(`/predict/${workload.name}`, `{"instances":${nested(workload, row)}}`),
    ),
    read: ({ body }) => flat((json(body) as { predictions: unknown }).predictions),
  }
}

/** The same requests as `inferForm`, to a server that predicts nothing. */
export function floorForm(workload: Workload): Form {
  return { requests: inferForm(workload, 'k'.repeat(46), { binary: false }).requests, read: undefined }
}

/** How many of the samples are not what raw onnxruntime answers. */
export function countWrong(form: Form, workload: Workload, samples: readonly Sample[]): number {
  const { read } = form
  if (!read) return 0
  return samples.filter(
    sample => !isClose(read(sample), workload.expected[sample.index] ?? new Float32Array()),
  ).length
}

function isClose(got: ArrayLike<number>, wanted: Float32Array): boolean {
  return (
    got.length === wanted.length &&
    wanted.every(
      (value, index) => Math.abs((got[index] ?? Number.NaN) - value) <= 1e-5 + 1e-3 * Math.abs(value),
    )
  )
}

function post(path: string, body: string | Uint8Array, key?: string, headerLength?: number): Uint8Array {
  const bytes = Buffer.from(body)
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `content-type: ${headerLength === undefined ? 'application/json' : 'application/octet-stream'}`,
    ...(key === undefined ? [] : [`authorization: Bearer ${key}`]),
    ...(headerLength === undefined ? [] : [`inference-header-content-length: ${headerLength}`]),
    `content-length: ${bytes.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}

function nested({ shape }: Workload, row: Float32Array): string {
  let values: unknown[] = Array.from(row, value => Math.round(value * 10_000) / 10_000)
  for (const size of shape.slice(1).reverse()) {
    values = Array.from({ length: values.length / size }, (_, index) =>
      values.slice(index * size, (index + 1) * size),
    )
  }
  return JSON.stringify(values)
}

function flat(value: unknown): number[] {
  return Array.isArray(value) ? (value.flat(Number.POSITIVE_INFINITY) as number[]) : []
}

function json(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString())
}
