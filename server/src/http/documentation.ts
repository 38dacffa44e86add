import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'

/** `/openapi.json` and the readable `/docs`, made from the routes themselves. Register before any of them. */
export async function registerDocumentation(app: FastifyInstance, { version }: { version: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roundhouse',
        description: 'Serves models and agents. Every call but health and documentation needs `Authorization: Bearer <key>` or `x-api-key`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        version,
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }],
    },
    transform: jsonSchemaTransform,
  })
  await app.register(async scope => {
    scope.addHook('onRoute', route => {
      route.config = { ...route.config, public: true }
    })
    scope.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
    await scope.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'Roundhouse API' } })
  })
}
