import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Log, silentLog } from '../../kit/log.ts'
import { readConnection } from './connection.ts'

function read(query: string, role?: string) {
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: event => warnings.push(event) }
  const url = `postgresql://user:p%40ss@db.example:6543/name${query}`
  return { ...readConnection({ url, applicationName: 'rh-test', ...(role ? { role } : {}) }, log), warnings }
}

test('reads user, password, host, port and database', () => {
  const { user, password, host, port, database } = read('')
  assert.deepEqual(
    { user, password, host, port, database },
    { user: 'user', password: 'p@ss', host: 'db.example', port: 6543, database: 'name' },
  )
})

test('every mode that asks for TLS verifies the certificate, without a warning', () => {
  for (const query of [
    '?sslmode=require',
    '?sslmode=verify-ca',
    '?sslmode=verify-full',
    '?sslmode=prefer',
    '?ssl=true',
    '?sslmode=require&uselibpqcompat=true',
  ]) {
    const { ssl, warnings } = read(query)
    assert.deepEqual({ ...Object(ssl) }, {}, query)
    assert.ok(ssl, query)
    assert.deepEqual(warnings, [])
  }
})

test('only an explicit no-verify believes any certificate, and warns', () => {
  for (const query of ['?sslmode=no-verify', '?ssl=no-verify']) {
    const { ssl, warnings } = read(query)
    assert.deepEqual(warnings, ['database-tls-unverified'], query)
    assert.ok(typeof ssl === 'object' && ssl.rejectUnauthorized === false, query)
  }
})

test('without a mode, or with disable, there is no TLS', () => {
  assert.equal(read('').ssl, false)
  assert.equal(read('?sslmode=disable').ssl, false)
})

test('our schema and a role join the options of the string, and win over them', () => {
  assert.equal(read('').options, '-c search_path=roundhouse,public')
  assert.equal(
    read('?options=-c%20search_path%3Dx', 'roundhouse_app').options,
    '-c search_path=x -c search_path=roundhouse,public -c role=roundhouse_app',
  )
})

test('a socket folder with odd characters is read back', () => {
  const url = `postgresql://u:p@/db?host=${encodeURIComponent('/tmp/a b/ü+%/run')}&port=5432`
  assert.equal(readConnection({ url, applicationName: 'rh-test' }, silentLog).host, '/tmp/a b/ü+%/run')
})
