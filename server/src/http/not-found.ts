import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import { pathOf } from './access-log.ts'
import type { HttpDependencies } from './dependencies.ts'
import { isConsoleVisit, sendConsole } from './routes/console.ts'

type KnownRoute = { pattern: RegExp; methods: Set<string> }

/** The console for its visitors; else 405 with `Allow` where the path exists for other methods, else 404. Register before any route. */
export function registerNotFound(
  app: FastifyInstance,
  { consoleFolder }: Pick<HttpDependencies, 'consoleFolder'>,
): void {
  const routes = new Map<string, KnownRoute>()

  app.addHook('onRoute', route => {
    const methods = Array.isArray(route.method) ? route.method : [route.method]
    const known = routes.get(route.url) ?? { pattern: patternOf(route.url), methods: new Set() }
    for (const method of methods) known.methods.add(method)
    routes.set(route.url, known)
  })

  app.setNotFoundHandler(async (request, reply) => {
    if (isConsoleVisit(request) && (await sendConsole(reply, consoleFolder))) return reply
    const path = pathOf(request.url)
    const methods = [...routes.values()]
      .filter(route => route.pattern.test(path))
      .flatMap(route => [...route.methods])
    const allowed = [...new Set(methods)].filter(method => method !== request.method).sort()
    if (allowed.length === 0 || methods.includes(request.method))
      throw new Problem('not-found', `Nothing is served at ${path.slice(0, 200)}.`)
    reply.header('allow', allowed.join(', '))
    throw new Problem(
      'method-not-allowed',
      `${request.method} is not possible here; ${allowed.join(', ')} is.`,
    )
  })
}

function patternOf(url: string): RegExp {
  const escaped = url
    .split('/')
    .map(part =>
      part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/')
  return new RegExp(`^${escaped}/?$`)
}
