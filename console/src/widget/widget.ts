import type { EmbedConfig } from '@roundhouse/sdk/contract'
import chatStyles from '../chat/chat.css?inline'
import { type ChatView, createChatView } from '../chat/chat-view.ts'
import { setColour } from '../chat/colours.ts'
import { element, icon } from '../chat/element.ts'
import { createEmbedServer } from '../chat/embed-server.ts'
import { createStore } from '../chat/store.ts'
import { trapFocus } from './trap-focus.ts'
import styles from './widget.css?inline'

export type WidgetOptions = {
  /** Origin of the server that the script came from. */
  host: string
  key: string
  /** What the page says in place of the embed's theme. */
  colour?: string | undefined
  theme?: string | undefined
  position?: string | undefined
  title?: string | undefined
  greeting?: string | undefined
  open?: boolean | undefined
}

/** What the page may call, as `window.Roundhouse`. */
export type Widget = {
  open(): void
  close(): void
  toggle(): void
  /** Opens the panel and asks. */
  ask(text: string): void
  /** Takes the widget out of the page. */
  remove(): void
}

/** Puts the button into the page, with what it opens in a shadow root, where the page's styles do not reach. */
export function createWidget(options: WidgetOptions): Widget {
  const { host: server, key } = options
  const name = `roundhouse:${key}`
  const wasOpen = createStore<boolean>('sessionStorage', `${name}:open`)
  const embed = createEmbedServer(server, key, createStore('localStorage', `${name}:visitor`))
  const host = element('div', { 'data-roundhouse': '' })
  if (options.theme === 'light' || options.theme === 'dark') host.dataset.theme = options.theme
  if (options.position === 'left') host.dataset.position = 'left'
  setColour(host, options.colour)

  const root = host.attachShadow({ mode: 'open' })
  // Made by script, which a page's content security policy does not take for an inline style.
  root.adoptedStyleSheets = [chatStyles, styles].map(text => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    return sheet
  })
  const launcher = element('button', {
    type: 'button',
    class: 'launcher',
    'aria-haspopup': 'dialog',
    'aria-expanded': 'false',
  })
  launcher.append(icon('chat'))
  launcher.setAttribute('aria-label', 'Open chat')
  const title = element('h2', { id: 'title' }, options.title ?? 'Chat')
  const mark = element('span', { class: 'mark', 'aria-hidden': 'true' })
  const fresh = element(
    'button',
    { type: 'button', 'aria-label': 'New conversation', hidden: true },
    icon('fresh'),
  )
  const shut = element('button', { type: 'button', 'aria-label': 'Close' }, icon('close'))
  const panel = element(
    'section',
    { class: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: true },
    element('header', { class: 'head' }, mark, title, fresh, shut),
  )
  root.append(panel, launcher)
  let view: ChatView | undefined
  let config: Promise<EmbedConfig> | undefined
  let notice: HTMLElement | undefined
  let isRemoved = false

  async function load(): Promise<void> {
    notice?.remove()
    try {
      config ??= embed.config()
      const { agent, theme } = await config
      if (view || isRemoved) return
      title.textContent = options.title ?? theme.title ?? agent.name
      mark.textContent = (title.textContent.trim()[0] ?? '').toUpperCase()
      if (!options.colour) setColour(host, theme.colour)
      view = createChatView({
        server: embed,
        store: createStore('sessionStorage', `${name}:conversation`),
        greeting: options.greeting ?? theme.greeting,
        suggestions: theme.suggestions,
        changed(conversation) {
          fresh.hidden = conversation.turns().length === 0
        },
      })
      panel.append(view.element)
      launcher.setAttribute('aria-label', `Open chat: ${title.textContent}`)
    } catch (error) {
      config = undefined
      console.warn('Roundhouse: this embed key is not for this page, or it is switched off.', error)
      notice = element('p', { class: 'closed', role: 'alert' }, 'The chat is not available at the moment.')
      panel.append(notice)
    }
  }

  async function open(): Promise<void> {
    panel.hidden = false
    host.dataset.open = ''
    wasOpen.write(true)
    launcher.setAttribute('aria-expanded', 'true')
    launcher.replaceChildren(icon('down'))
    await load()
  }

  function close(): void {
    if (panel.hidden) return
    panel.hidden = true
    delete host.dataset.open
    wasOpen.clear()
    launcher.setAttribute('aria-expanded', 'false')
    launcher.replaceChildren(icon('chat'))
    launcher.focus()
  }

  async function openAndFocus(): Promise<void> {
    const opening = open()
    shut.focus()
    await opening
    if (!panel.hidden) view?.focus()
  }

  launcher.addEventListener('click', () => void (panel.hidden ? openAndFocus() : close()))
  shut.addEventListener('click', close)
  fresh.addEventListener('click', () => {
    view?.conversation.clear()
    view?.focus()
  })
  panel.addEventListener('keydown', event => {
    if (event.key === 'Escape' && !event.isComposing) {
      event.stopPropagation()
      close()
    } else trapFocus(event, panel, root)
  })
  document.body.append(host)
  // As it was before the reload, without taking the focus from the page.
  if (options.open || wasOpen.read()) void open()

  return {
    open: () => void openAndFocus(),
    close,
    toggle: () => void (panel.hidden ? openAndFocus() : close()),
    ask(text) {
      void openAndFocus().then(() => view?.conversation.ask(text))
    },
    remove() {
      isRemoved = true
      view?.close()
      host.remove()
    },
  }
}
