import type { AgentPage } from '@roundhouse/sdk/contract'
import chatStyles from '../chat/chat.css?inline'
import { type ChatServer, call, Refusal } from '../chat/chat-server.ts'
import { type ChatView, createChatView } from '../chat/chat-view.ts'
import { setColour } from '../chat/colours.ts'
import { element } from '../chat/element.ts'
import { createEmbedServer } from '../chat/embed-server.ts'
import { createSessionServer } from '../chat/session-server.ts'
import { createStore } from '../chat/store.ts'
import frameStyles from './chat-frame.css?inline'
import { showSnippets } from './snippets.ts'

const slug = decodeURIComponent(location.pathname.split('/')[2] ?? '')
await show(slug)

async function show(slug: string): Promise<void> {
  try {
    const page = (await (
      await call(`/api/v1/agents/by-slug/${encodeURIComponent(slug)}`)
    ).json()) as AgentPage
    describe(page)
    const server = serverFor(page)
    if (server) openChat(page, server)
    else offerSignIn(page.is_published ? 'Sign in to talk to this agent.' : 'This agent is not published.')
    if (page.may_manage) showSnippets(page)
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return offerSignIn('Sign in to see this agent.')
    const isGone = error instanceof Refusal && error.status === 404
    say(
      isGone
        ? 'There is no agent here, or it is not for you.'
        : 'The server cannot be reached. Try again later.',
    )
  }
}

/** As oneself where one may, else as everyone may. */
function serverFor({ id, may_run, embed_key }: AgentPage): ChatServer | undefined {
  if (may_run) return createSessionServer(id)
  if (embed_key === null) return undefined
  return createEmbedServer('', embed_key, createStore('localStorage', `roundhouse:${embed_key}:visitor`))
}

function describe({ name, description, theme }: AgentPage): void {
  const title = theme.title ?? name
  document.title = `${title} · Roundhouse`
  at('name').textContent = title
  at('about').textContent = description ?? ''
  at('mark').textContent = (title.trim()[0] ?? '').toUpperCase()
  setColour(document.documentElement, theme.colour)
}

function openChat({ id, theme, name, may_run }: AgentPage, server: ChatServer): void {
  const host = element('div', { id: 'chat' })
  setColour(host, theme.colour)
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [chatStyles, frameStyles].map(text => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    return sheet
  })
  const fresh = at('fresh')
  const view: ChatView = createChatView({
    server,
    // What was said with an account is not for whoever comes behind its sign-out.
    store: createStore('sessionStorage', `roundhouse:agent:${id}:${may_run ? 'own' : 'visitor'}`),
    greeting: theme.greeting ?? `Ask ${theme.title ?? name} something.`,
    suggestions: theme.suggestions,
    changed(conversation) {
      fresh.hidden = conversation.turns().length === 0
    },
  })
  fresh.addEventListener('click', () => {
    view.conversation.clear()
    view.focus()
  })
  root.append(view.element)
  at('main').replaceChildren(host)
  view.focus()
}

function offerSignIn(sentence: string): void {
  const next = encodeURIComponent(location.pathname)
  const link = element('a', { class: 'button strong', href: `/sign-in?next=${next}` }, 'Sign in')
  say(sentence)
  at('main').append(element('p', { class: 'choices' }, link))
}

function say(sentence: string): void {
  const state = element('p', { id: 'state', role: 'status' })
  at('main').replaceChildren(state)
  state.textContent = sentence
}

function at(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no ${id}.`)
  return found
}
