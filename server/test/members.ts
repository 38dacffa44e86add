import assert from 'node:assert/strict'
import { type Client, createClient } from '@roundhouse/sdk'
import { json } from '../src/testing/access-fixture.ts'
import type { Server } from './server.ts'

/** Who calls a server with a credential of their own. */
export type Credentialed = {
  readonly key: string
  readonly client: Client
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export type Member = Credentialed & { readonly id: string }

/** Makes an account on a server in a process of its own, and is signed in with it. */
export async function signUp(server: Server, name: string): Promise<Member> {
  const account = { name, email: `${name}@example.com`, password: `the password of ${name}` }
  const reply = await fetch(`${server.url}/api/auth/sign-up/email`, json('POST', account))
  const text = await reply.text()
  assert.ok(reply.ok, text)
  const { token, user } = JSON.parse(text) as { token: string; user: { id: string } }
  return { id: user.id, ...credentialed(server, token) }
}

/** @param key A session's token or an API key. */
export function credentialed(server: Server, key: string): Credentialed {
  return {
    key,
    client: createClient({ baseUrl: server.url, token: key }),
    fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${key}`)
      return server.fetch(path, { ...init, headers })
    },
  }
}
