import type { AccessFixture } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const base = '/storage/v1/upload/resumable'
const tus = { 'tus-resumable': '1.0.0' }
const piece = {
  method: 'PATCH',
  headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
  body: 'text',
}

let made = 0

function creation(folder: string): RequestInit {
  const name = `${folder}/resumable-${++made}.txt`
  const metadata = Object.entries({ bucketName: 'reports', objectName: name })
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
  return { method: 'POST', headers: { ...tus, 'upload-length': '9', 'upload-metadata': metadata } }
}

/** Address of one that the owner began. */
async function begun({ owner }: AccessFixture): Promise<string> {
  const reply = await owner.fetch(base, creation(owner.id))
  return reply.headers.get('location') ?? ''
}

/** The scope that is wrong elsewhere, `files`, is the right one here; `done` is what its holder gets. */
const owned = (done: number, init: RequestInit): Row => ({
  kind: 'owned',
  call: async f => ({ path: await begun(f), init }),
  except: { wrongScope: [done], adminWrongScope: [404] },
})
/** Who has the token of a signed upload may, whoever they are; nobody else. */
const byToken = (method: string, path: string): Row => ({
  kind: 'entrance',
  call: () => ({ path, init: { method, headers: tus } }),
})
const some = `${base}/sign/0190a6f0-0000-7000-8000-000000000000`

export const resumableMatrix: Readonly<Record<string, Row>> = {
  'POST /storage/v1/upload/resumable': {
    kind: 'owned',
    call: f => ({ path: base, init: creation(f.owner.id) }),
    except: { other: [403], wrongScope: [201], adminWrongScope: [403] },
  },
  'PATCH /storage/v1/upload/resumable/{id}': owned(204, piece),
  'DELETE /storage/v1/upload/resumable/{id}': owned(204, { method: 'DELETE', headers: tus }),
  'POST /storage/v1/upload/resumable/sign': byToken('POST', `${base}/sign`),
  'PATCH /storage/v1/upload/resumable/sign/{id}': byToken('PATCH', some),
  'DELETE /storage/v1/upload/resumable/sign/{id}': byToken('DELETE', some),
}
