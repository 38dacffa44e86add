import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createElement, type ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { type Client, createClient } from '../client/client.ts'
import { RoundhouseProvider, useClient, useSession } from './provider.ts'

function Greeting(): ReactElement {
  const { status, me, error, signIn, signUp, signOut, refresh } = useSession()
  const actions = [signIn, signUp, signOut, refresh].map(action => typeof action)
  return createElement('p', null, `${status} ${me?.name} ${error} ${actions.join(' ')}`)
}

test('a server renders that the session is not known yet, and asks nobody', () => {
  let asked = 0
  const client = createClient({
    baseUrl: '',
    fetch: async () => {
      asked++
      return new Response()
    },
  })
  const page = createElement(RoundhouseProvider, { client }, createElement(Greeting))
  assert.equal(renderToString(page), '<p>loading undefined undefined function function function function</p>')
  assert.equal(asked, 0)
})

const taken: Client[] = []

function Take(): null {
  taken.push(useClient())
  return null
}

test('every component gets the client of the nearest provider', () => {
  const outer = createClient({ baseUrl: '' })
  const inner = createClient({ baseUrl: '' })
  const nested = createElement(RoundhouseProvider, { client: inner }, createElement(Take))
  renderToString(createElement(RoundhouseProvider, { client: outer }, createElement(Take), nested))
  assert.equal(taken.length, 2)
  assert.equal(taken[0], outer)
  assert.equal(taken[1], inner)
})

test('a hook outside of a provider says what is missing', () => {
  assert.throws(
    () => renderToString(createElement(Greeting)),
    /useSession is used outside of RoundhouseProvider/,
  )
})
