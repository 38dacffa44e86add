import { isOver, type Part, type Question, type ToolPart } from './answer.ts'
import type { Conversation, Turn } from './conversation.ts'
import { element, icon } from './element.ts'
import { createMarkdownView, type MarkdownView } from './markdown-view.ts'

/** What else is said of a turn where more of its run is known. The same element is kept for the same facts. */
export type TurnNotes = {
  /** Beside the name of a tool. */
  tool(turn: Turn, callId: string): string | null
  /** Below the answer. */
  below(turn: Turn): HTMLElement | null
}

export type TurnView = { element: HTMLElement; show(turn: Turn): void }

/** `asked`: names of the tools that wait until someone has allowed them. */
type PartView = {
  kind: Part['kind']
  element: HTMLElement
  show(part: Part, asked: readonly string[], note: string | null): void
}

/** A question and its answer. Elements stay while they are shown anew, so that nothing blinks and focus is kept. */
export function createTurnView(
  conversation: Pick<Conversation, 'retry' | 'answer'>,
  notes?: TurnNotes,
): TurnView {
  const question = element('div', { class: 'question' })
  const parts = element('div', { class: 'parts' })
  const questions = element('div', { class: 'asks' })
  const foot = element('div', { class: 'foot' })
  const below = element('div', { class: 'below' })
  const made = element(
    'div',
    { class: 'turn' },
    element('div', { class: 'side', role: 'group', 'aria-label': 'You' }, question),
    element(
      'div',
      { class: 'answer', role: 'group', 'aria-label': 'Assistant' },
      parts,
      questions,
      foot,
      below,
    ),
  )
  let shown: PartView[] = []
  let footOf = ''
  let asked = ''

  function showParts(turn: Turn): void {
    const { parts: wanted, questions } = turn.answer
    const names = questions.map(({ name }) => name)
    // What was taken back goes, and all behind it.
    const same = shown.findIndex((view, index) => view.kind !== wanted[index]?.kind)
    const kept = same === -1 ? shown : shown.slice(0, same)
    for (const view of shown.slice(kept.length)) view.element.remove()
    shown = wanted.map((part, index) => {
      const view = kept[index] ?? createPartView(part.kind)
      if (!view.element.isConnected || !kept[index]) parts.append(view.element)
      view.show(part, names, part.kind === 'tool' ? (notes?.tool(turn, part.id) ?? null) : null)
      return view
    })
  }

  function showQuestions(wanted: readonly Question[]): void {
    const now = JSON.stringify(wanted)
    if (now === asked) return
    asked = now
    questions.replaceChildren(...wanted.map(one => drawQuestion(one, conversation)))
  }

  function showFoot(turn: Turn): void {
    const { failure, answer, isReconnecting } = turn
    const isWriting = !failure && !isOver(answer) && answer.status !== 'waiting'
    const now = JSON.stringify([failure, answer.note, isReconnecting, isWriting])
    if (now === footOf) return
    footOf = now
    foot.replaceChildren()
    if (failure) {
      const { sentence, requestId, canRetry } = failure
      const retry = element('button', { type: 'button', class: 'plain' }, 'Try again')
      retry.addEventListener('click', () => conversation.retry())
      const id = requestId === null ? [] : [element('small', {}, `Request ${requestId}`)]
      foot.append(
        element('div', { class: 'failure' }, icon('failed'), element('div', {}, sentence, ...id)),
        ...(canRetry ? [retry] : []),
      )
    } else if (isReconnecting)
      foot.append(element('div', { class: 'note' }, 'Connection lost. Looking for it…'))
    else if (isWriting)
      foot.append(
        element(
          'div',
          { class: 'writing' },
          element('span'),
          element('span'),
          element('span'),
          element('b', { class: 'hidden' }, 'Answering…'),
        ),
      )
    else if (answer.note !== null) foot.append(element('div', { class: 'note' }, answer.note))
  }

  return {
    element: made,
    show(turn) {
      if (question.textContent !== turn.question) question.textContent = turn.question
      showParts(turn)
      showQuestions(turn.failure ? [] : turn.answer.questions)
      showFoot(turn)
      const note = notes?.below(turn) ?? null
      if (note !== below.firstChild) below.replaceChildren(...(note ? [note] : []))
    },
  }
}

function createPartView(kind: Part['kind']): PartView {
  if (kind === 'tool') return createToolView()
  const view: MarkdownView = createMarkdownView()
  return {
    kind,
    element: view.element,
    show(part) {
      if (part.kind === 'text') view.show(part.text)
    },
  }
}

/** A line, which opens where there is more to see. */
function createToolView(): PartView {
  const made = element('div', { class: 'tool' })
  let before: ToolPart | undefined
  let wasAsked = false
  let noted: string | null = null
  let isOpen = false
  return {
    kind: 'tool',
    element: made,
    show(part, asked, note) {
      if (part.kind !== 'tool') return
      const { name, state, arguments: given, result } = part
      const isAsked = state === 'running' && asked.includes(name)
      if (part === before && isAsked === wasAsked && note === noted) return
      before = part
      wasAsked = isAsked
      noted = note
      made.dataset.state = state
      const words = isAsked ? 'Would use' : { running: 'Using', done: 'Used', failed: 'Failed:' }[state]
      const line = [
        state === 'running' ? element('span', { class: 'spinner' }) : icon(state),
        element('span', {}, `${words} `, element('b', {}, nameOf(name))),
        ...(note === null ? [] : [element('small', {}, note)]),
      ]
      if (given === null && result === null)
        return made.replaceChildren(element('div', { class: 'line' }, ...line))
      const details = element(
        'details',
        { open: isOpen },
        element('summary', { class: 'line' }, ...line),
        ...section('Asked', given),
        ...section('Answered', result),
      )
      details.addEventListener('toggle', () => {
        isOpen = details.open
      })
      made.replaceChildren(details)
    },
  }
}

function section(title: string, text: string | null): HTMLElement[] {
  if (text === null) return []
  return [element('h6', {}, title), element('pre', { tabindex: '0' }, pretty(text))]
}

function drawQuestion(
  { id, name, arguments: given }: Question,
  conversation: Pick<Conversation, 'answer'>,
): HTMLElement {
  const what = element('b', {}, name === '' ? 'a tool' : nameOf(name))
  if (id === null) return element('div', { class: 'ask' }, 'Someone has to allow ', what, ' first. Waiting…')
  const buttons = [true, false].map(isApproved => {
    const label = isApproved ? 'Allow' : 'Deny'
    const button = element('button', { type: 'button', class: isApproved ? 'strong' : 'plain' }, label)
    button.addEventListener('click', () => {
      for (const one of buttons) one.disabled = true
      conversation.answer(id, isApproved).catch(() => {
        for (const one of buttons) one.disabled = false
      })
    })
    return button
  })
  return element(
    'div',
    { class: 'ask' },
    element('div', {}, 'May it use ', what, '?'),
    ...(given === null ? [] : [element('pre', { tabindex: '0' }, pretty(given))]),
    element('div', { class: 'buttons' }, ...buttons),
  )
}

function nameOf(name: string): string {
  return name.replaceAll(/[_-]+/g, ' ')
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
