import {
  createdInvitation,
  createInvitation,
  type Invitation,
  invitationList,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { CreatedInvitation } from '../../accounts/sign-in/invitations.ts'
import type { StoredInvitation } from '../../accounts/sign-in/store.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { idParams } from '../wire.ts'

/** Who may sign up where sign-up is by invitation. */
export async function adminInvitationRoutes(
  scope: FastifyInstance,
  { signIn, publicUrl }: Pick<HttpDependencies, 'signIn' | 'publicUrl'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const { invitations } = signIn
  const tags = ['Administration']
  const config = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/admin/invitations',
    {
      config,
      schema: { tags, summary: 'List invitations, newest first', response: { 200: invitationList } },
    },
    async request => ({ data: (await invitations.list(callerOf(request))).map(invitationBody) }),
  )

  app.post(
    '/api/v1/admin/invitations',
    {
      config,
      schema: {
        tags,
        summary: 'Invite someone; the link is shown this once',
        body: createInvitation,
        response: { 201: createdInvitation },
      },
    },
    async (request, reply) => {
      const { email, role = 'member' } = request.body
      const answer = ({ invitation, token }: CreatedInvitation) => ({
        ...invitationBody(invitation),
        token,
        url: `${publicUrl}/sign-up?invitation=${token}`,
      })
      const within = keepAnswer(request, reply.code(201), answer)
      return answer(await invitations.create(callerOf(request), { email, role }, within))
    },
  )

  app.delete(
    '/api/v1/admin/invitations/:id',
    {
      config,
      schema: { tags, summary: 'Take an invitation back', params: idParams, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await invitations.remove(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

function invitationBody({ id, email, role, expires_at, used_at, created_at }: StoredInvitation): Invitation {
  return {
    id,
    email,
    role,
    expires_at: expires_at.toISOString(),
    used_at: used_at?.toISOString() ?? null,
    created_at: created_at.toISOString(),
  }
}
