import swagger, { type SwaggerTransformObject } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { agent, agentTool, createModel, guardrail, job, model, run } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { longestKey, takesKey } from './idempotency.ts'

/** `/openapi.json` and the readable `/docs`, made from the routes themselves. Register before any of them. */
export async function registerDocumentation(
  app: FastifyInstance,
  { version }: { version: string },
): Promise<void> {
  for (const [id, schema] of Object.entries(shared))
    z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roundhouse',
        description:
          'Serves models and agents. A call needs `Authorization: Bearer <key or token>`, `x-api-key: <key>` or the cookie of a session, unless it says otherwise.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        version,
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
      security: credentials,
    },
    transform(input) {
      const { schema, url } = jsonSchemaTransform(input)
      const { access = 'user', scopes } = input.route.config ?? {}
      return { url, schema: { ...schema, ...security[access], 'x-access': access, ...needs(scopes) } }
    },
    transformObject: documentForms,
  })
  await app.register(async scope => {
    scope.addHook('onRoute', route => {
      route.config = { ...route.config, access: 'public' }
    })
    scope.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { url: '/openapi.json', docExpansion: 'list', defaultModelsExpandDepth: -1 },
      theme: { title: 'Roundhouse API', css: [{ filename: 'roundhouse.css', content: pageStyle }] },
    })
  })
}

/** Written once and referred to by name: everywhere they stand they would be a third of the document. */
const shared = { Agent: agent, AgentTool: agentTool, Guardrail: guardrail, Job: job, Model: model, Run: run }

function needs(scopes: readonly string[] | undefined): { 'x-scopes'?: readonly string[] } {
  return scopes && scopes.length > 0 ? { 'x-scopes': scopes } : {}
}

const credentials = [{ bearer: [] }, { apiKey: [] }]
/** An empty object among them: also without. */
const security = {
  public: { security: [] },
  anyone: { security: [{}, ...credentials] },
  user: {},
  admin: {},
}

/** The page's own bar asks for another address to explore; there is one API here. */
const pageStyle = '.swagger-ui .topbar { display: none }'

const text = { type: 'string' as const }
const fileForm = {
  type: 'object' as const,
  required: ['file'],
  properties: {
    file: { type: 'string' as const, contentMediaType: 'application/octet-stream' },
    sha256: text,
  },
}

/** Forms are read part by part as they come, so that no schema stands beside their routes. */
function documentForms(document: Parameters<SwaggerTransformObject>[0]): ReturnType<SwaggerTransformObject> {
  if (!('openapiObject' in document)) return document.swaggerObject
  const { openapiObject } = document
  documentKeys(openapiObject)
  const create = openapiObject.paths?.['/api/v1/models']?.post
  if (create) {
    create.requestBody = {
      required: true,
      content: {
        'application/json': { schema: z.toJSONSchema(createModel, { io: 'input' }) as object },
        'multipart/form-data': {
          schema: {
            ...fileForm,
            required: ['file', 'name'],
            properties: {
              name: text,
              version: text,
              description: text,
              visibility: text,
              price: text,
              ...fileForm.properties,
            },
          },
        },
      },
    }
  }
  const upload = openapiObject.paths?.['/api/v1/models/{id}/upload']?.post
  if (upload)
    upload.requestBody = { required: true, content: { 'multipart/form-data': { schema: fileForm } } }
  return withShared(openapiObject)
}

/** Each as it is taken and as it is given, where either is referred to. */
function withShared(openapiObject: OpenApi): ReturnType<SwaggerTransformObject> {
  const document = jsonSchemaTransformObject({ openapiObject })
  const schemas = 'components' in document ? document.components?.schemas : undefined
  const text = JSON.stringify(document)
  for (const id of Object.keys(schemas ?? {}))
    if (!text.includes(`"#/components/schemas/${id}"`)) delete schemas?.[id]
  return document
}

const keyParameter = {
  in: 'header' as const,
  name: 'Idempotency-Key',
  description: 'Of requests with the same key the first is done; the others get its answer, for 24 hours.',
  schema: { type: 'string' as const, minLength: 1, maxLength: longestKey },
}

type OpenApi = Extract<Parameters<SwaggerTransformObject>[0], { openapiObject: unknown }>['openapiObject']

/** The header is read by a hook, before any schema. */
function documentKeys({ paths }: OpenApi): void {
  for (const [url, path] of Object.entries(paths ?? {})) {
    const { post } = path ?? {}
    if (post && takesKey({ method: 'POST', url, access: Reflect.get(post, 'x-access') }))
      post.parameters = [...(post.parameters ?? []), keyParameter]
  }
}
