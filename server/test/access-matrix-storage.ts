import { json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

type Files = Readonly<Record<string, Row>>

const base = '/storage/v1'
const object = `${base}/object`

/**
 * The scope that is wrong elsewhere, `files`, is the right one here; an administrator's key of it has no more rights
 * than a user's. Who sends no credential is told that the request is not of the protocol's form.
 */
const owned = (call: Row['call']): Row => ({
  kind: 'owned',
  call,
  except: { anonymous: [400], wrongScope: [200], adminWrongScope: [404] },
})
/** What others may not write: that there is such a folder is no secret. */
const ownFolder = (call: Row['call']): Row => ({
  kind: 'owned',
  call,
  except: { anonymous: [400], wrongScope: [200], other: [403], adminWrongScope: [403] },
})
/** Each is shown, and removes, what is theirs. */
const signedIn = (call: Row['call']): Row => ({
  kind: 'signedIn',
  call,
  except: { anonymous: [400], wrongScope: [200], adminWrongScope: [200] },
})
const admin = (call: Row['call']): Row => ({ kind: 'admin', call, except: { anonymous: [400] } })
const open = (call: Row['call']): Row => ({ kind: 'open', call })
const text = (method: string) => ({ method, body: 'text' })

let made = 0
const newName = () => `new-${++made}.txt`

export const storageMatrix: Files = {
  'GET /storage/v1/bucket': signedIn(() => ({ path: `${base}/bucket` })),
  'POST /storage/v1/bucket': admin(() => ({
    path: `${base}/bucket`,
    init: json('POST', { name: newName() }),
  })),
  'GET /storage/v1/bucket/{id}': signedIn(() => ({ path: `${base}/bucket/reports` })),
  'PUT /storage/v1/bucket/{id}': admin(async f => ({
    path: `${base}/bucket/${await f.bucket()}`,
    init: json('PUT', { public: true }),
  })),
  'POST /storage/v1/bucket/{id}/empty': admin(async f => ({
    path: `${base}/bucket/${await f.bucket()}/empty`,
    init: { method: 'POST' },
  })),
  'DELETE /storage/v1/bucket/{id}': admin(async f => ({
    path: `${base}/bucket/${await f.bucket()}`,
    init: { method: 'DELETE' },
  })),

  'POST /storage/v1/object/{bucket}/{*}': ownFolder(f => ({
    path: `${object}/reports/${f.owner.id}/${newName()}`,
    init: text('POST'),
  })),
  'PUT /storage/v1/object/{bucket}/{*}': ownFolder(async f => ({
    path: `${object}/reports/${await f.file()}`,
    init: text('PUT'),
  })),
  'GET /storage/v1/object/{bucket}/{*}': owned(async f => ({ path: `${object}/reports/${await f.file()}` })),
  'GET /storage/v1/object/authenticated/{bucket}/{*}': owned(async f => ({
    path: `${object}/authenticated/reports/${await f.file()}`,
  })),
  'GET /storage/v1/object/public/{bucket}/{*}': open(async f => ({
    path: `${object}/public/agent-logos/${await f.file('agent-logos')}`,
  })),
  'GET /storage/v1/object/sign/{bucket}/{*}': open(async f => ({
    path: await f.signed(`/object/sign/reports/${await f.file()}`, { expiresIn: 60 }),
  })),
  'GET /storage/v1/object/info/{bucket}/{*}': owned(async f => ({
    path: `${object}/info/reports/${await f.file()}`,
  })),
  'GET /storage/v1/object/info/authenticated/{bucket}/{*}': owned(async f => ({
    path: `${object}/info/authenticated/reports/${await f.file()}`,
  })),
  'GET /storage/v1/object/info/public/{bucket}/{*}': open(async f => ({
    path: `${object}/info/public/agent-logos/${await f.file('agent-logos')}`,
  })),
  'DELETE /storage/v1/object/{bucket}/{*}': owned(async f => ({
    path: `${object}/reports/${await f.file()}`,
    init: { method: 'DELETE' },
  })),
  'DELETE /storage/v1/object/{bucket}': signedIn(async f => ({
    path: `${object}/reports`,
    init: json('DELETE', { prefixes: [await f.file()] }),
  })),
  'POST /storage/v1/object/list/{bucket}': signedIn(() => ({
    path: `${object}/list/reports`,
    init: json('POST', { prefix: '' }),
  })),
  'POST /storage/v1/object/list-v2/{bucket}': signedIn(() => ({
    path: `${object}/list-v2/reports`,
    init: json('POST', {}),
  })),
  'POST /storage/v1/object/move': owned(async f => ({
    path: `${object}/move`,
    init: json('POST', {
      bucketId: 'reports',
      sourceKey: await f.file(),
      destinationKey: `${f.owner.id}/${newName()}`,
    }),
  })),
  'POST /storage/v1/object/copy': owned(async f => ({
    path: `${object}/copy`,
    init: json('POST', {
      bucketId: 'reports',
      sourceKey: await f.file(),
      destinationKey: `${f.owner.id}/${newName()}`,
    }),
  })),
  'POST /storage/v1/object/sign/{bucket}/{*}': owned(async f => ({
    path: `${object}/sign/reports/${await f.file()}`,
    init: json('POST', { expiresIn: 60 }),
  })),
  'POST /storage/v1/object/sign/{bucket}': signedIn(async f => ({
    path: `${object}/sign/reports`,
    init: json('POST', { expiresIn: 60, paths: [await f.file()] }),
  })),
  'POST /storage/v1/object/upload/sign/{bucket}/{*}': ownFolder(f => ({
    path: `${object}/upload/sign/reports/${f.owner.id}/${newName()}`,
    init: { method: 'POST' },
  })),
  'PUT /storage/v1/object/upload/sign/{bucket}/{*}': open(async f => ({
    path: await f.signed(`/object/upload/sign/reports/${f.owner.id}/${newName()}`),
    init: text('PUT'),
  })),
}
