import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { HttpDependencies } from '../dependencies.ts'

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
    setHeaders(reply) {
      reply.header(
        'content-security-policy',
        "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
      )
      reply.header('referrer-policy', 'no-referrer')
    },
  })
  // One page with the forms of sign-in, and the account behind them.
  for (const url of ['/sign-in', '/sign-up', '/setup', '/account'])
    scope.get(url, (_request, reply) => reply.sendFile('account.html'))
}
