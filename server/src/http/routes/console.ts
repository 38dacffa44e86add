import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { HttpDependencies } from '../dependencies.ts'

/** Pages whose address names what they show. */
const pages = { '/a/:slug': 'agent.html', '/m/:name': 'model.html' } as const

const builtPages: ReadonlySet<string> = new Set(Object.values(pages))

const staticPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
/** Nothing of another origin and nothing inline, so that what a model writes can call nobody. */
const builtPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The console's built pages, at the root. */
export async function consoleRoutes(
  scope: FastifyInstance,
  { consoleFolder }: HttpDependencies,
): Promise<void> {
  if (!existsSync(consoleFolder)) return
  scope.addHook('onRoute', route => {
    route.config = { ...route.config, access: 'public' }
    route.schema = { ...route.schema, hide: true }
  })
  await scope.register(fastifyStatic, {
    root: consoleFolder,
    // One route per file: a wildcard would take 404 and 405 away from the API.
    wildcard: false,
    setHeaders(reply, path) {
      const isBuilt = builtPages.has(basename(path))
      reply.header('content-security-policy', isBuilt ? builtPolicy : staticPolicy)
      reply.header('referrer-policy', 'no-referrer')
      // Their names carry a hash of what is in them.
      if (basename(dirname(path)) === 'assets')
        reply.header('cache-control', 'public, max-age=31536000, immutable')
      // Sites of any origin name it in a script tag.
      if (basename(path) === 'widget.js') reply.header('cross-origin-resource-policy', 'cross-origin')
    },
  })
  for (const [url, file] of Object.entries(pages)) scope.get(url, (_request, reply) => reply.sendFile(file))
  // One page with the forms of sign-in, and the account behind them.
  for (const url of ['/sign-in', '/sign-up', '/setup', '/account'])
    scope.get(url, (_request, reply) => reply.sendFile('account.html'))
}
