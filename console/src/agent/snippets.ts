import type { AgentPage, Embed } from '@roundhouse/sdk/contract'
import { call } from '../chat/chat-server.ts'
import { element } from '../chat/element.ts'
import { agUiAddress, mcpConfig, openAiSnippet, runSnippet, scriptTag } from './agent-snippets.ts'

/** For those who may change the agent: how it is called from elsewhere, with its own addresses filled in. */
export function showSnippets(page: AgentPage): void {
  const use = document.getElementById('use')
  const dialog = document.querySelector('dialog')
  const ways = document.getElementById('ways')
  if (!use || !dialog || !ways) return
  use.hidden = false
  use.addEventListener('click', () => {
    dialog.showModal()
    if (ways.childElementCount === 0) ways.append(...apiWays(page), widgetWay(page))
  })
}

function apiWays({ id, slug, is_published }: AgentPage): HTMLElement[] {
  const { origin } = location
  const published = is_published
    ? []
    : [element('p', { class: 'bad' }, 'It is not published: only you can run it.')]
  return [
    ...published,
    section(
      'API',
      'The answer comes as events. Keys are made on your account page.',
      snippet(runSnippet('curl', origin, id)),
    ),
    section(
      'OpenAI clients',
      'Every client of that API works; the model is the agent.',
      snippet(openAiSnippet('TypeScript', origin, slug)),
    ),
    section(
      'MCP',
      'For clients of the Model Context Protocol: the agent is one of the tools.',
      snippet(mcpConfig(origin)),
    ),
    section('AG-UI', 'For front ends that speak it.', snippet(agUiAddress(origin, id))),
  ]
}

function widgetWay({ id }: AgentPage): HTMLElement {
  const path = `/api/v1/agents/${id}/embeds`
  const list = element('div')
  const origin = element('input', {
    type: 'text',
    inputmode: 'url',
    placeholder: 'https://www.example.com',
    'aria-label': 'Origin of the site',
    required: true,
  })
  const message = element('p', { role: 'status' })
  const form = element(
    'form',
    { class: 'make' },
    origin,
    element('button', {}, 'Make a key for this site'),
    message,
  )

  async function refresh(): Promise<void> {
    const { data } = (await (await call(path)).json()) as { data: Embed[] }
    list.replaceChildren(
      ...data.map(({ key, name, origins, enabled }) => {
        const where = [
          name,
          origins.join(', ') || 'the page of the agent',
          ...(enabled ? [] : ['switched off']),
        ]
        return element(
          'div',
          {},
          element('p', {}, where.join(' · ')),
          snippet(scriptTag(location.origin, key)),
        )
      }),
    )
  }

  form.addEventListener('submit', event => {
    event.preventDefault()
    message.className = ''
    message.textContent = ''
    call(path, { method: 'POST', body: { origins: [origin.value.trim().replace(/\/$/, '')] } })
      .then(() => {
        origin.value = ''
        return refresh()
      })
      .catch(error => {
        message.className = 'bad'
        message.textContent = error instanceof Error ? error.message : String(error)
      })
  })
  void refresh().catch(() => {})
  return section(
    'Widget',
    'One line in the pages of a site. The key is public, and good for these origins alone.',
    list,
    form,
  )
}

function section(title: string, about: string, ...content: HTMLElement[]): HTMLElement {
  return element('section', {}, element('h3', {}, title), element('p', {}, about), ...content)
}

function snippet(text: string): HTMLElement {
  const copy = element('button', { type: 'button' }, 'Copy')
  copy.addEventListener('click', () => {
    void navigator.clipboard?.writeText(text).then(
      () => {
        copy.textContent = 'Copied'
      },
      () => {},
    )
  })
  return element('div', { class: 'snippet' }, element('pre', { tabindex: '0' }, text), copy)
}
