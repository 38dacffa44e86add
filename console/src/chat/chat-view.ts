import { createAnnouncer } from './announcer.ts'
import { isOver, textOf } from './answer.ts'
import type { ChatServer } from './chat-server.ts'
import { type Conversation, createConversation, type Kept } from './conversation.ts'
import { element, icon } from './element.ts'
import type { Store } from './store.ts'
import { createTurnView, type TurnNotes, type TurnView } from './turn-view.ts'

export type ChatView = {
  element: HTMLElement
  conversation: Conversation
  focus(): void
  /** Draws anew: what is known besides the conversation has changed. */
  redraw(): void
  close(): void
}

/** How far from its end a conversation still counts as read to the end. */
const nearEndPx = 60
const longestQuestion = 16_000

/** A conversation to look at and write in; the styles are those of `chat.css`. */
export function createChatView(options: {
  server: ChatServer
  store: Store<Kept>
  greeting: string | null
  suggestions: readonly string[]
  notes?: TurnNotes
  /** Told after each change. */
  changed?: (conversation: Conversation) => void
}): ChatView {
  const { server, store, greeting, suggestions, notes, changed } = options
  const turns = element('div', { class: 'turns' })
  const log = element('div', {
    class: 'log',
    role: 'log',
    'aria-label': 'Conversation',
    // The answer comes in pieces; whole sentences are told below.
    'aria-live': 'off',
    tabindex: '0',
  })
  const first = element('div', { class: 'first' })
  const region = element('div', { class: 'hidden', role: 'status', 'aria-live': 'polite' })
  const jump = element(
    'button',
    { type: 'button', class: 'jump', 'aria-label': 'To the end', hidden: true },
    icon('down'),
  )
  const input = element('textarea', {
    rows: '1',
    placeholder: 'Write a message',
    'aria-label': 'Message',
    'aria-keyshortcuts': 'Enter',
    maxlength: String(longestQuestion),
    enterkeyhint: 'send',
  })
  const button = element('button', { type: 'submit', class: 'send' })
  const form = element('form', { class: 'composer' }, input, button)
  log.append(first, turns)
  const made = element('div', { class: 'chat' }, element('div', { class: 'scroll' }, log, jump), region, form)
  const announcer = createAnnouncer(region)

  const views = new Map<string, TurnView>()
  let isAtEnd = true
  let frame = 0
  let buttonOf = ''

  const conversation = createConversation(server, store, redraw)

  function redraw(): void {
    if (frame === 0) frame = requestAnimationFrame(show)
  }

  function show(): void {
    frame = 0
    const all = conversation.turns()
    const known = new Set(all.map(({ id }) => id))
    for (const [id, view] of views) {
      if (known.has(id)) continue
      view.element.remove()
      views.delete(id)
    }
    for (const turn of all) {
      const view = views.get(turn.id) ?? createTurnView(conversation, notes)
      if (!views.has(turn.id)) {
        views.set(turn.id, view)
        turns.append(view.element)
      }
      view.show(turn)
    }
    showFirst(all.length === 0)
    showButton()
    tell()
    if (isAtEnd) log.scrollTop = log.scrollHeight
    jump.hidden = isAtEnd
    changed?.(conversation)
  }

  function showFirst(isEmpty: boolean): void {
    const asks = suggestions.map(text => {
      const ask = element('button', { type: 'button', class: 'suggestion' }, text)
      ask.addEventListener('click', () => send(text))
      return ask
    })
    const hello = greeting === null ? [] : [element('p', { class: 'greeting' }, greeting)]
    const now = isEmpty ? 'empty' : 'begun'
    if (first.dataset.state === now) return
    first.dataset.state = now
    first.replaceChildren(
      ...hello,
      ...(isEmpty && asks.length > 0
        ? [element('div', { class: 'suggestions', role: 'group', 'aria-label': 'Suggestions' }, ...asks)]
        : []),
    )
  }

  function showButton(): void {
    const isBusy = conversation.isBusy()
    button.disabled = !isBusy && input.value.trim() === ''
    const now = isBusy ? 'stop' : 'send'
    if (now === buttonOf) return
    buttonOf = now
    button.replaceChildren(icon(now))
    button.setAttribute('aria-label', isBusy ? 'Stop' : 'Send')
  }

  /** What a reader who cannot see it is told. */
  function tell(): void {
    const turn = conversation.turns().at(-1)
    if (!turn || views.get(turn.id)?.element.dataset.told === 'all') return
    const { answer, failure } = turn
    const over = failure !== null || isOver(answer)
    announcer.follow(
      [textOf(answer), failure?.sentence ?? answer.note ?? ''].filter(Boolean).join('\n'),
      over,
    )
    const [question] = answer.questions
    if (question) announcer.say(`May it use ${question.name}? Allow or deny.`)
    const view = views.get(turn.id)
    if (over && view) view.element.dataset.told = 'all'
  }

  function send(text: string): void {
    isAtEnd = true
    conversation.ask(text)
    input.focus()
  }

  function fit(): void {
    input.style.height = 'auto'
    input.style.height = `${Math.min(input.scrollHeight, 160)}px`
  }

  form.addEventListener('submit', event => {
    event.preventDefault()
    if (conversation.isBusy()) return conversation.stop()
    const text = input.value
    if (text.trim() === '') return
    input.value = ''
    fit()
    send(text)
  })
  input.addEventListener('input', () => {
    fit()
    showButton()
  })
  input.addEventListener('keydown', event => {
    // While a word is being composed, Enter chooses it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    if (!conversation.isBusy()) form.requestSubmit()
  })
  log.addEventListener('scroll', () => {
    isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < nearEndPx
    jump.hidden = isAtEnd
  })
  jump.addEventListener('click', () => {
    isAtEnd = true
    log.scrollTop = log.scrollHeight
  })

  // What was said before is no news.
  show()
  for (const view of views.values()) view.element.dataset.told = 'all'
  const open = conversation.isBusy() ? conversation.turns().at(-1) : undefined
  if (open) delete views.get(open.id)?.element.dataset.told
  conversation.resume()

  return {
    element: made,
    conversation,
    redraw,
    focus() {
      input.focus()
      log.scrollTop = log.scrollHeight
    },
    close() {
      conversation.close()
      cancelAnimationFrame(frame)
    },
  }
}
