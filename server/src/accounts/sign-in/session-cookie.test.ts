import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { accountsDatabase, program, signInRoom, testSecret } from '../../testing/sign-in.ts'
import { createSessionCookie } from './session-cookie.ts'

const token = 'abcdefghijklmnopqrstuvwxyzABCDEF'
const cookie = createSessionCookie({
  publicUrl: 'https://models.example.com',
  secretKey: testSecret,
  crossSite: false,
})

test('the signed cookie gives its token, also among others', () => {
  const header = cookie.header(token)
  assert.equal(cookie.read(header), token)
  assert.equal(cookie.read(`theme=dark; ${header}; other=1`), token)
})

test('a cookie that was changed, signed with another key, or is none gives nothing', () => {
  const header = cookie.header(token)
  const other = createSessionCookie({
    publicUrl: 'https://models.example.com',
    secretKey: `${testSecret}!`,
    crossSite: false,
  })
  const http = createSessionCookie({ publicUrl: 'http://localhost', secretKey: testSecret, crossSite: false })
  const broken = [
    header.replace('abc', 'abd'),
    header.slice(0, -1),
    header.replace(/%3D$/, ''),
    `${header}%3D`,
    header.replace(/\..*$/, ''),
    header.replace(/=.*$/, '=%'),
    `${cookie.name}=`,
    `${cookie.name}=${token}`,
    `${cookie.name}=.${header.split('.').pop()}`,
    `x${header}`,
    other.header(token),
    http.header(token),
    '',
    ';;;=',
  ]
  for (const text of broken) assert.equal(cookie.read(text), undefined, text)
})

test('over https only this host gets the cookie, over http in development any page of it', async () => {
  const database = await accountsDatabase({ after })
  const given = { password: 'correct horse', name: 'Ada' }
  const cookieOf = async (email: string, publicUrl: string, cookiesCrossSite = false) => {
    const room = signInRoom(database, { publicUrl, cookiesCrossSite })
    const { cookies } = await room.signUp({ ...given, email }, program)
    return cookies.find(text => text.includes('.session='))?.replace(/=[^;]+/, '=*')
  }
  assert.equal(
    await cookieOf('a@example.com', 'https://models.example.com'),
    '__Host-roundhouse.session=*; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax',
  )
  assert.equal(
    await cookieOf('b@example.com', 'https://models.example.com', true),
    '__Host-roundhouse.session=*; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=None',
  )
  assert.equal(
    await cookieOf('c@example.com', 'http://localhost:3000'),
    'roundhouse.session=*; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax',
  )
  // The one we renew is the one that better-auth makes.
  assert.equal(
    cookie.set(token, 2_592_000).replace(/=[^;]+/, '=*'),
    '__Host-roundhouse.session=*; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax',
  )
})
