import { type ApiKey, accountLimits, createdKey, createKey, keyList, me } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { CreatedKey } from '../../accounts/keys.ts'
import type { StoredKey } from '../../accounts/store.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { idParams } from '../wire.ts'

/** Who the caller is, and their API keys. */
export async function accountRoutes(
  scope: FastifyInstance,
  { accounts, keys, registry, maxModelBytes, maxFileBytes, maxPredictBodyBytes }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Account']

  app.get(
    '/api/v1/me',
    {
      // Whatever the credential may, it may know whose it is.
      config: { scopes: [], forBackends: true },
      schema: { tags, summary: 'Who is calling, with which rights', response: { 200: me } },
    },
    request => accounts.me(callerOf(request)),
  )

  app.get(
    '/api/v1/limits',
    {
      schema: {
        tags,
        summary: 'What the server takes at most, and how much of their plan the caller has used',
        response: { 200: accountLimits },
      },
    },
    async request => ({
      model_file_bytes: maxModelBytes,
      file_bytes: maxFileBytes,
      predict_body_bytes: maxPredictBodyBytes,
      models: await registry.used(callerOf(request)),
    }),
  )

  app.post(
    '/api/v1/keys',
    { schema: { tags, summary: 'Make an API key', body: createKey, response: { 201: createdKey } } },
    async (request, reply) => {
      const { name, scopes, expires_at } = request.body
      const expiresAt = expires_at == null ? null : new Date(expires_at)
      const answer = ({ row, key }: CreatedKey) => ({ ...keyBody(row), key })
      const within = keepAnswer(request, reply.code(201), answer)
      return answer(await keys.create(callerOf(request), { name, scopes, expiresAt }, within))
    },
  )

  app.get(
    '/api/v1/keys',
    { schema: { tags, summary: 'The caller’s keys, newest first', response: { 200: keyList } } },
    async request => ({ data: (await keys.list(callerOf(request))).map(keyBody) }),
  )

  app.delete(
    '/api/v1/keys/:id',
    { schema: { tags, summary: 'Revoke a key', params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await keys.revoke(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

function keyBody({ user_id: _userId, ...row }: StoredKey): ApiKey {
  return {
    ...row,
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}
