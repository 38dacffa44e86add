import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HttpDependencies } from '../dependencies.ts'

/** Pages whose address names what they show. */
const pages = { '/a/:slug': 'agent.html', '/m/:name': 'model.html' } as const

const builtPages: ReadonlySet<string> = new Set(Object.values(pages))

/** Nothing of another origin and nothing inline, so that what a model writes can call nobody. */
const builtPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/**
 * The same, but for what the console shows of files (`blob:`) and for the style elements by which its libraries place menus and
 * editors (CodeMirror, Radix, sonner); no script of theirs is inline.
 */
const consolePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const consolePage = 'index.html'

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
    preCompressed: true,
    setHeaders(reply, path) {
      const file = basename(path).replace(/\.(br|gz)$/, '')
      reply.header('content-security-policy', builtPages.has(file) ? builtPolicy : consolePolicy)
      reply.header('referrer-policy', 'no-referrer')
      // Their names carry a hash of what is in them.
      if (basename(dirname(path)) === 'assets')
        reply.header('cache-control', 'public, max-age=31536000, immutable')
      // Sites of any origin name it in a script tag.
      if (file === 'widget.js') reply.header('cross-origin-resource-policy', 'cross-origin')
    },
  })
  for (const [url, file] of Object.entries(pages)) scope.get(url, (_request, reply) => reply.sendFile(file))
  for (const url of entrances) scope.get(url, (_request, reply) => reply.sendFile(consolePage))
}

/** Where people without a session come by links of ours and of others, with whatever program. */
const entrances = ['/sign-in', '/sign-up', '/setup', '/account']

/** What belongs to the API: an address below that nobody knows is a 404 for browsers too. */
const apiPath = /^\/(api|v1|v2|storage|mcp|ws|assets|docs|health|metrics)(\/|$)/

/**
 * Whether someone came by the address bar or a link to a place of the console: its router knows the places, and says so
 * where there is none. Programs are told 404 as ever.
 */
export function isConsoleVisit({ method, headers, url }: FastifyRequest): boolean {
  if (method !== 'GET' || apiPath.test(url.split('?', 1)[0] ?? '')) return false
  return headers.accept?.includes('text/html') === true
}

/** The console for such a visit; undefined where it is not built. */
export async function sendConsole(
  reply: FastifyReply,
  consoleFolder: string,
): Promise<FastifyReply | undefined> {
  const page = join(consoleFolder, consolePage)
  if (!existsSync(page)) return undefined
  return reply
    .header('content-security-policy', consolePolicy)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-cache')
    .type('text/html; charset=utf-8')
    .send(await readFile(page))
}
