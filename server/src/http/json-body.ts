import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import { isDeeper } from '../kit/json-depth.ts'
import { refusedName } from '../kit/json-names.ts'

/** Through these a body could reach what all objects share. */
const reserved = ['__proto__', 'constructor']
const longestShown = 40
/** No body that is asked for has more than ten. */
const mostLevels = 100

/**
 * Bodies in this scope are JSON, without reserved names and any that stands twice. Plain text is not read, which Fastify
 * does by default: pages of other sites may send it without asking.
 */
export function readBodiesAsJson(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('ignore', 'ignore')
  scope.removeContentTypeParser(['application/json', 'text/plain'])
  scope.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (isDeeper(body, mostLevels))
      return done(
        new Problem('invalid-json', `The body has more than ${mostLevels} levels of lists and objects.`),
      )
    parse(request, body, (error, value) => {
      if (error) return done(error)
      const name = refusedName(body, reserved)
      if (name === undefined) return done(null, value)
      const why = reserved.includes(name) ? 'is not possible as a name' : 'stands twice in its object'
      done(new Problem('invalid-json', `${name.slice(0, longestShown)}: ${why}.`))
    })
  })
}
