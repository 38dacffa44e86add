import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { addressOf, placeOf } from '../storage-paths.ts'
import { wantsUpsert } from './storage-objects.ts'

const tags = ['Files']
/** Ten years. */
const expiresIn = z.int().min(1).max(315_360_000)
const noSuchObject = 'Either the object does not exist or you do not have access to it'

/** Signed links, in the wire format of Supabase Storage; addresses are relative to `/storage/v1`. */
export async function storageLinkRoutes(scope: FastifyInstance, { files }: HttpDependencies): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const { links } = files

  app.post(
    '/storage/v1/object/sign/:bucket/*',
    {
      config: { scopes: ['files', 'read'] },
      schema: { tags, summary: 'Sign a link to an object', body: z.object({ expiresIn }) },
    },
    async request => {
      const { bucket, name } = placeOf(request)
      const { token } = await links.signDownload(callerOf(request), bucket, name, request.body.expiresIn)
      return { signedURL: downloadAddress(bucket, name, token) }
    },
  )

  app.post(
    '/storage/v1/object/sign/:bucket',
    {
      config: { scopes: ['files', 'read'] },
      schema: {
        tags,
        summary: 'Sign links to objects',
        params: z.object({ bucket: z.string() }),
        body: z.object({ expiresIn, paths: z.array(z.string()).min(1).max(1000) }),
      },
    },
    async request => {
      const { bucket } = request.params
      const { paths, expiresIn } = request.body
      const signed = await links.signDownloads(callerOf(request), bucket, paths, expiresIn)
      return signed.map(({ name, link }) => ({
        error: link ? null : noSuchObject,
        path: name,
        signedURL: link ? downloadAddress(bucket, name, link.token) : null,
      }))
    },
  )

  app.post(
    '/storage/v1/object/upload/sign/:bucket/*',
    {
      config: { scopes: ['files'] },
      schema: { tags, summary: 'Sign a link to store an object by' },
    },
    async request => {
      const { bucket, name } = placeOf(request)
      const { token } = await links.signUpload(callerOf(request), bucket, name, wantsUpsert(request))
      return { url: `/object/upload/sign/${addressOf(bucket, name)}?token=${token}`, token }
    },
  )
}

function downloadAddress(bucket: string, name: string, token: string): string {
  return `/object/sign/${addressOf(bucket, name)}?token=${token}`
}
