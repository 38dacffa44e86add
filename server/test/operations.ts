import type { TestHouse } from '../src/testing/house.ts'

type BodySchema = { properties?: Record<string, unknown>; required?: string[] }

/** One method of one path of the OpenAPI description. */
export type Operation = {
  /** `POST /api/v1/keys`, as the access matrix names it. */
  name: string
  method: string
  /** With something that fits in the place of every parameter. */
  path: string
  /** Needs no credential: the way in, and health. */
  isPublic: boolean
  /** Takes JSON. */
  json: BodySchema | undefined
  /** Names of the query's parameters. */
  query: readonly string[]
}

type Document = {
  paths: Record<
    string,
    Record<
      string,
      {
        security?: object[]
        parameters?: { in: string; name: string }[]
        requestBody?: { content?: Record<string, { schema?: BodySchema }> }
      }
    >
  >
}

const someId = '0190a6f0-0000-7000-8000-000000000000'

/** Every route that the house describes. */
export async function operationsOf(house: TestHouse): Promise<Operation[]> {
  const document = (await (await house.anonymous('/openapi.json')).json()) as Document
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, parameters = [], requestBody }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, (_, name) => (name === 'id' ? someId : 'some-name')),
      isPublic: security?.length === 0,
      json: requestBody?.content?.['application/json']?.schema,
      query: parameters.filter(parameter => parameter.in === 'query').map(parameter => parameter.name),
    })),
  )
}

export function changes({ method }: Operation): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** Of a refusal under /storage/v1 the protocol says the status in the body. */
export function trueStatus(path: string, status: number, text: string): number {
  const isRefusal = path.startsWith('/storage/v1/') && status === 400 && text.startsWith('{"statusCode"')
  return isRefusal ? Number((JSON.parse(text) as { statusCode: string }).statusCode) : status
}
