const at = id => document.getElementById(id)
const form = at('form')
const message = at('message')
/** After the `#`, so that it is in no log. */
const setupToken = location.pathname === '/setup' ? location.hash.slice(1) : ''
const invitation = new URLSearchParams(location.search).get('invitation') ?? undefined
/** A page of this site that asked for the sign-in, and is gone back to. */
const next = new URLSearchParams(location.search).get('next') ?? ''
const isHere =
  next.startsWith('/') &&
  URL.canParse(next, location.origin) &&
  new URL(next, location.origin).origin === location.origin
const mode =
  location.pathname === '/setup' ? 'setup' : location.pathname === '/sign-up' ? 'sign-up' : 'sign-in'

/** The parsed reply. @throws Error with the sentence of the refusal. */
async function call(method, path, body) {
  const reply = await fetch(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  const parsed = text === '' ? null : JSON.parse(text)
  if (reply.ok) return parsed
  throw Object.assign(new Error(parsed?.detail ?? `The server answered ${reply.status}.`), {
    status: reply.status,
  })
}

function say(text, bad = false) {
  message.textContent = text
  message.className = bad ? 'bad' : ''
}

async function attempt(work) {
  try {
    await work()
  } catch (error) {
    say(error.message, true)
  }
}

/** Text cells only, and the action of the row. */
function row(texts, label, action) {
  const line = document.createElement('tr')
  for (const text of texts) {
    const cell = document.createElement('td')
    cell.textContent = text
    line.append(cell)
  }
  const button = document.createElement('button')
  button.className = 'quiet small'
  button.textContent = label
  button.addEventListener('click', () => attempt(action))
  const cell = document.createElement('td')
  cell.append(button)
  line.append(cell)
  return line
}

async function showKeys() {
  const { data } = await call('GET', '/api/v1/keys')
  at('keys').replaceChildren(
    ...data.map(key =>
      row([key.name, `${key.prefix}…`, key.scopes.join(', ')], 'Revoke', async () => {
        await call('DELETE', `/api/v1/keys/${key.id}`)
        await showKeys()
      }),
    ),
  )
}

/** In words that fit into a table: which browser, on what. */
function programOf(agent) {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/(\d+)/.exec(agent)
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent)
  return browser
    ? `${browser[1]} ${browser[2]}${system ? `, ${system[1]}` : ''}`
    : agent.slice(0, 40) || 'unknown'
}

async function showSessions() {
  const { data } = await call('GET', '/api/v1/sessions')
  at('sessions').replaceChildren(
    ...data.map(session =>
      row(
        [
          `${programOf(session.user_agent ?? '')}${session.current ? ' (this one)' : ''}`,
          session.ip_address ?? '',
          new Date(session.created_at).toLocaleString(),
        ],
        'End',
        async () => {
          await call('DELETE', `/api/v1/sessions/${session.id}`)
          if (session.current) location.assign('/sign-in')
          else await showSessions()
        },
      ),
    ),
  )
}

async function showAccount(me) {
  form.hidden = true
  at('account').hidden = false
  at('title').textContent = 'Account'
  say('')
  at('me-name').textContent = me.name
  at('me-email').textContent = me.email
  at('me-roles').textContent = me.roles.join(', ')
  at('me-plan').textContent = me.plan.name
  at('me-credits').textContent = me.credits
  await Promise.all([showKeys(), showSessions()])
}

function showForm(options) {
  const titles = { setup: 'Make the first administrator', 'sign-up': 'Make an account', 'sign-in': 'Sign in' }
  const title = titles[mode]
  at('title').textContent = title
  at('submit').textContent = title
  at('name-row').hidden = mode === 'sign-in'
  form.elements.name.required = mode !== 'sign-in'
  form.elements.password.autocomplete = mode === 'sign-in' ? 'current-password' : 'new-password'
  at('github').hidden = !options.github || mode === 'setup'
  at('other').textContent = mode === 'sign-in' ? 'Make an account' : 'Sign in with an account you have'
  at('other').href = (mode === 'sign-in' ? '/sign-up' : '/sign-in') + (isHere ? location.search : '')
  at('other').hidden = mode === 'setup' || (mode === 'sign-in' && options.sign_up !== 'open')
  if (mode === 'setup' && !options.needs_setup)
    return say('The first administrator is made already. Sign in.')
  if (
    mode === 'sign-up' &&
    (options.sign_up === 'closed' || (options.sign_up === 'invitation' && !invitation))
  )
    return say('Accounts are made by invitation here. Ask an administrator for a link.')
  form.hidden = false
  const error = new URLSearchParams(location.search).get('error')
  if (error) say(`The sign-in did not work: ${error.replaceAll('_', ' ')}.`, true)
}

form.addEventListener('submit', event => {
  event.preventDefault()
  const { name, email, password } = Object.fromEntries(new FormData(form))
  void attempt(async () => {
    if (mode === 'setup') await call('POST', '/api/v1/setup', { token: setupToken, name, email, password })
    else if (mode === 'sign-up')
      await call('POST', '/api/auth/sign-up/email', { name, email, password, invitation })
    else await call('POST', '/api/auth/sign-in/email', { email, password })
    if (isHere) return location.assign(next)
    history.replaceState(null, '', '/account')
    await showAccount(await call('GET', '/api/v1/me'))
  })
})

at('github').addEventListener('click', () =>
  attempt(async () => {
    const { url } = await call('POST', '/api/auth/sign-in/social', {
      provider: 'github',
      callbackURL: isHere ? next : '/account',
      errorCallbackURL: '/sign-in',
    })
    location.assign(url)
  }),
)

at('key-form').addEventListener('submit', event => {
  event.preventDefault()
  const fields = event.currentTarget.elements
  void attempt(async () => {
    const scopes = fields.admin.checked ? ['admin'] : undefined
    const { key } = await call('POST', '/api/v1/keys', { name: fields.name.value, scopes })
    at('key').textContent = key
    at('key-shown').hidden = false
    event.target.reset()
    await showKeys()
  })
})

at('sign-out').addEventListener('click', () =>
  attempt(async () => {
    await call('POST', '/api/auth/sign-out', {})
    location.assign('/sign-in')
  }),
)

await attempt(async () => {
  try {
    const me = await call('GET', '/api/v1/me')
    // Signed in already, in another tab.
    if (mode === 'sign-in' && isHere) location.replace(next)
    else await showAccount(me)
  } catch (error) {
    if (error.status !== 401) throw error
    showForm(await call('GET', '/api/v1/sign-in-options'))
  }
})
