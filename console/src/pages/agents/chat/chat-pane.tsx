import { useClient } from '@roundhouse/sdk/react'
import { useNavigate } from '@tanstack/react-router'
import { type ReactElement, useEffect, useRef } from 'react'
import frameStyles from '../../../agent/chat-frame.css?inline'
import { onColoursChange } from '../../../app/theme.ts'
import chatStyles from '../../../chat/chat.css?inline'
import { type ChatView, createChatView } from '../../../chat/chat-view.ts'
import type { Conversation, Kept } from '../../../chat/conversation.ts'
import { createSessionServer } from '../../../chat/session-server.ts'
import ownStyles from './console-chat.css?inline'
import { createRunNotes } from './run-notes.ts'

export type ChatPaneProps = {
  agentId: string
  /** The conversation; another one is another pane, by its `key`. */
  kept: Kept
  /** Which of the agent is asked; may change between two questions. */
  version: 'draft' | undefined
  greeting: string
  suggestions: readonly string[]
  /** Told after each change; often, while an answer comes. */
  onChange: (conversation: Conversation) => void
}

/** The chat of the agent's page and the widget, with what each answer took. */
export function ChatPane(props: ChatPaneProps): ReactElement {
  const client = useClient()
  const navigate = useNavigate()
  const place = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  latest.current = props
  // Made once for a conversation; what may change is read when it is needed.
  useEffect(() => {
    const host = document.createElement('div')
    host.className = 'h-full'
    place.current?.append(host)
    const stopColours = followColours(host)
    const root = host.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [chatStyles, frameStyles, ownStyles].map(text => {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(text)
      return sheet
    })
    const stop = new AbortController()
    const { agentId, kept, greeting, suggestions } = latest.current
    const view: ChatView = createChatView({
      server: createSessionServer(agentId, () => latest.current.version),
      // The server keeps the conversation.
      store: { read: () => kept, write() {}, clear() {} },
      greeting,
      suggestions,
      notes: createRunNotes({
        client,
        signal: stop.signal,
        openRun: id => void navigate({ to: '/runs/$id', params: { id } }),
        changed: () => view.redraw(),
      }),
      changed: conversation => latest.current.onChange(conversation),
    })
    root.append(view.element)
    view.focus()
    return () => {
      stop.abort()
      stopColours()
      view.close()
      host.remove()
    }
  }, [client, navigate])
  return (
    <div
      ref={place}
      className="h-full min-h-0"
      style={{ '--composer': 'var(--raised)', '--roundhouse-font': 'var(--sans)' } as React.CSSProperties}
    />
  )
}

/** The chat has colours of its own, for either scheme. */
function followColours(host: HTMLElement): () => void {
  const follow = () => {
    const { theme } = document.documentElement.dataset
    if (theme === undefined) delete host.dataset.theme
    else host.dataset.theme = theme
  }
  follow()
  return onColoursChange(follow)
}
