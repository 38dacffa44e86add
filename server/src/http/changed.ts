import type { ChangeKind } from '@roundhouse/sdk/contract'
import type {
  FastifyInstance,
  FastifyRequest,
  onResponseHookHandler,
  preSerializationHookHandler,
  RouteOptions,
} from 'fastify'
import type { HttpDependencies } from './dependencies.ts'

/**
 * What the calls of a path change, the most exact path first. What changes without a call, or may be for others to see, its
 * room tells of too.
 */
const kinds: readonly (readonly [path: RegExp, kind: ChangeKind | null])[] = [
  // They make something else, which tells of itself, or nothing.
  [/\/(?:predict|batch|runs|ag-ui|search|test)$/, null],
  [/^\/api\/v1\/models/, 'model'],
  [/^\/v2\/repository\/models/, 'model'],
  [/^\/api\/v1\/agents/, 'agent'],
  [/^\/api\/v1\/jobs/, 'job'],
  [/^\/api\/v1\/knowledge/, 'collection'],
  [/^\/api\/v1\/reports/, 'report'],
  [/^\/api\/v1\/tasks/, 'task'],
  [/^\/api\/v1\/keys/, 'key'],
  [/^\/api\/v1\/sessions/, 'session'],
  [/^\/api\/v1\/admin\/users/, 'user'],
  [/^\/api\/auth\/sign-up/, 'user'],
  [/^\/api\/v1\/admin\/invitations/, 'invitation'],
  [/^\/api\/v1\/admin\/plans/, 'plan'],
  [/^\/api\/v1\/admin\/prices/, 'price'],
  [/^\/api\/v1\/admin\/providers/, 'provider'],
  [/^\/api\/v1\/admin\/secrets/, 'secret'],
  [/^\/storage\/v1\/bucket\/:\w+\/empty/, 'file'],
  [/^\/storage\/v1\/bucket/, 'bucket'],
  [/^\/storage\/v1\/object\/(?:list|list-v2|sign|info)\//, null],
  [/^\/storage\/v1\/(?:object|upload)\//, 'file'],
]

/** Tells of what a call changed, once it was answered with success. Routes that only read have no such hook. */
export function registerChanged(app: FastifyInstance, { changes }: Pick<HttpDependencies, 'changes'>): void {
  app.addHook('onRoute', route => {
    const kind = kindOf(route)
    if (kind === null) return
    const made = new WeakMap<FastifyRequest, string>()
    const note: preSerializationHookHandler = (request, _reply, payload, done) => {
      const id = idOf(payload)
      if (id !== null) made.set(request, id)
      done(null, payload)
    }
    const tell: onResponseHookHandler = (request, reply, done) => {
      if (reply.statusCode < 300) {
        const id = idOf(request.params) ?? made.get(request) ?? null
        changes.tell({ kind, id, userId: request.caller?.userId ?? null })
      }
      done()
    }
    route.preSerialization = [note, ...[route.preSerialization ?? []].flat()]
    route.onResponse = [tell, ...[route.onResponse ?? []].flat()]
  })
}

function kindOf({ method, url }: RouteOptions): ChangeKind | null {
  const methods = [method].flat()
  if (methods.every(name => name === 'GET' || name === 'HEAD' || name === 'OPTIONS')) return null
  return kinds.find(([path]) => path.test(url))?.[1] ?? null
}

/** Of what was made, or the first part of the path that names something: a document is told of by its collection. */
function idOf(named: unknown): string | null {
  if (typeof named !== 'object' || named === null) return null
  const { id, name, bucket, model }: Record<string, unknown> = { ...named }
  const found = id ?? name ?? bucket ?? model
  return typeof found === 'string' ? found : null
}
