import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { createIds } from '../kit/ids.ts'
import { createSealer } from '../kit/seal.ts'
import { createSecrets } from '../settings/secrets.ts'
import type { SecretTables } from '../settings/store.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

const file = { after }
const folder = await temporaryFolder(file)
const { appUrl, database } = await openTestDatabase<SecretTables>(file, { max: 1 })
const [k1, k2] = ['k1', 'k2'].map(keyId => `${keyId}:${randomBytes(32).toString('base64')}`)
const admin = { role: 'admin', userId: null, credential: 'test' } as const

const open = (keys: string | undefined) =>
  createSecrets({ database, sealer: createSealer(keys ?? ''), ids: createIds() })

/** The command in a process of its own, as an operator runs it. */
function rotate(keys: string | undefined): Promise<{ code: number; output: string; errors: string }> {
  const code = `
    import { rotateSecretsCommand } from ${JSON.stringify(import.meta.resolve('./secrets.ts'))}
    await rotateSecretsCommand()`
  const env = { PATH: process.env.PATH, DATABASE_URL: appUrl, DATA_DIR: folder, ENCRYPTION_KEY: keys }
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      ['--conditions=roundhouse-source', '--input-type=module', '--eval', code],
      { env },
      (_error, output, errors) => resolve({ code: child.exitCode ?? -1, output, errors }),
    )
  })
}

test('the command encrypts anew, and says when the old key is no longer used', async () => {
  for (const name of ['ONE', 'TWO', 'THREE']) await open(k1).put(admin, name, `value of ${name}`)
  const { code, output, errors } = await rotate(`${k2},${k1}`)
  assert.equal(errors, '')
  assert.deepEqual(output.trim().split('\n'), [
    'Encrypted 3 of 3 secrets anew; the current key is k2.',
    'k1 is no longer used: take it out of ENCRYPTION_KEY. Backups from before still need it.',
  ])
  assert.equal(code, 0)
  assert.equal(await open(k2).reveal('TWO'), 'value of TWO')
})

test('the command fails and names what it could not read', async () => {
  await open(k1).put(admin, 'LOST', 'value')
  const { code, output } = await rotate(k2)
  assert.deepEqual(output.trim().split('\n'), [
    'Encrypted 0 of 4 secrets anew; the current key is k2.',
    'LOST cannot be read. Put it anew, or remove it.',
  ])
  assert.equal(code, 1)
})

test('the command without a key says where the old one is', async () => {
  const { code, output, errors } = await rotate(undefined)
  assert.equal(output, '')
  assert.match(errors, /Set ENCRYPTION_KEY=new,old; .*encryption-key/)
  assert.equal(code, 1)
})
