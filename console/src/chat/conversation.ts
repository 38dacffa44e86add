import { type Answer, type AnswerFold, createAnswerFold, isOver, nothingYet } from './answer.ts'
import { type ChatServer, isPassing, Refusal, randomId } from './chat-server.ts'
import { readEvents } from './read-events.ts'
import type { Store } from './store.ts'

/** A question and what there is of its answer. */
export type Turn = {
  readonly id: string
  readonly question: string
  /** Null until the server has begun. */
  readonly runId: string | null
  readonly answer: Answer
  /** Why there is no more of it, in a sentence; `canRetry` when asking again may help. */
  readonly failure: {
    readonly sentence: string
    readonly requestId: string | null
    readonly canRetry: boolean
  } | null
  /** The connection is lost, and being looked for. */
  readonly isReconnecting: boolean
}

export type Kept = { readonly id: string; readonly turns: readonly Turn[] }

export type Conversation = {
  turns(): readonly Turn[]
  isBusy(): boolean
  ask(text: string): void
  /** Asks the last question once more. */
  retry(): void
  stop(): void
  /** Rejects when the server did not hear it. */
  answer(approvalId: string, isApproved: boolean): Promise<void>
  /** Begins anew; what was said is forgotten here and by the agent. */
  clear(): void
  /** Goes on with the answer that was under way when the page was left. */
  resume(): void
  /** What is under way goes on at the server. */
  close(): void
}

/** Of these the last are kept: storage is small. */
const mostKept = 40
const firstPauseMs = 500
const longestPauseMs = 15_000
/** In a row; some ten minutes. */
const mostTries = 45

/** @param changed Called after each change; often, while an answer comes. */
export function createConversation(
  server: ChatServer,
  store: Store<Kept>,
  changed: () => void,
): Conversation {
  const kept = store.read()
  let id = kept?.id ?? randomId()
  let turns = [...(kept?.turns ?? [])]
  let reading = new AbortController()

  function last(): Turn | undefined {
    return turns.at(-1)
  }

  function isOpen(turn: Turn): boolean {
    return turn.failure === null && !isOver(turn.answer)
  }

  function isBusy(): boolean {
    const turn = last()
    return turn !== undefined && isOpen(turn)
  }

  function save(): void {
    store.write({ id, turns: turns.slice(-mostKept) })
  }

  function change(turnId: string, update: Partial<Turn>): void {
    turns = turns.map(turn => (turn.id === turnId ? { ...turn, ...update } : turn))
    changed()
  }

  function fail(turnId: string, error: unknown, why = unreachable): void {
    const isKnown = error instanceof Refusal
    const sentence = isKnown ? error.message : why
    const requestId = isKnown ? error.requestId : null
    const canRetry = !isKnown || isPassing(error) || error.code === 'insufficient-credits'
    change(turnId, { failure: { sentence, requestId, canRetry }, isReconnecting: false })
    save()
  }

  /** Until the answer is over: a connection that is lost is looked for behind the last event. */
  async function follow(turnId: string, open: () => Promise<Response>, signal: AbortSignal): Promise<void> {
    const fold = createAnswerFold()
    const runIdOf = () => fold.runId() ?? turns.find(turn => turn.id === turnId)?.runId ?? null
    let next = open
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        const reply = await next()
        if (reply.status === 204 || !reply.body)
          throw new Refusal(410, 'run-events-gone', gone, reply.headers)
        await take(turnId, reply.body, fold, signal, () => {
          tries = 0
        })
        if (isOver(fold.answer()) || signal.aborted) return
      } catch (error) {
        if (signal.aborted) return
        if (runIdOf() === null || !isPassing(error) || tries >= mostTries) return fail(turnId, error)
      }
      const runId = runIdOf()
      if (runId === null) return fail(turnId, null, 'The connection broke off before the answer began.')
      next = () => server.events(runId, fold.lastSeq(), signal)
      change(turnId, { isReconnecting: true })
      await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** tries), signal)
    }
  }

  async function take(
    turnId: string,
    body: ReadableStream<Uint8Array>,
    fold: AnswerFold,
    signal: AbortSignal,
    came: () => void,
  ): Promise<void> {
    for await (const event of readEvents(body)) {
      if (signal.aborted) return
      came()
      fold.add(event)
      const isNew = turns.find(turn => turn.id === turnId)?.runId !== fold.runId()
      change(turnId, { answer: fold.answer(), runId: fold.runId(), isReconnecting: false })
      if (isNew || isOver(fold.answer())) save()
    }
  }

  function ask(text: string): void {
    const question = text.trim()
    if (question === '' || isBusy()) return
    const turn: Turn = {
      id: randomId(),
      question,
      runId: null,
      answer: nothingYet,
      failure: null,
      isReconnecting: false,
    }
    turns = [...turns, turn]
    save()
    changed()
    reading = new AbortController()
    const { signal } = reading
    void follow(turn.id, () => server.ask({ text: question, conversation: id }, signal), signal)
  }

  return {
    turns: () => turns,
    isBusy,
    ask,

    retry() {
      const turn = last()
      if (!turn || isOpen(turn)) return
      turns = turns.slice(0, -1)
      ask(turn.question)
    },

    stop() {
      const turn = last()
      if (!turn || !isOpen(turn)) return
      if (turn.runId !== null) {
        // Its last event says that it has stopped, and what there is of the answer.
        // Where it was not heard, the button is still there.
        void server.cancel(turn.runId).catch(() => {})
        return
      }
      reading.abort()
      change(turn.id, { answer: { ...turn.answer, status: 'stopped', note: 'Stopped.' } })
      save()
    },

    async answer(approvalId, isApproved) {
      const turn = last()
      if (turn?.runId) await server.answer(turn.runId, approvalId, isApproved)
    },

    clear() {
      reading.abort()
      id = randomId()
      turns = []
      store.clear()
      changed()
    },

    resume() {
      const turn = last()
      if (!turn || !isOpen(turn)) return
      const { id: turnId, runId } = turn
      if (runId === null) return fail(turnId, null, 'The page was left before the answer began.')
      reading = new AbortController()
      const { signal } = reading
      void follow(turnId, () => server.events(runId, 0, signal), signal)
    },

    close() {
      reading.abort()
    },
  }
}

const unreachable = 'The server cannot be reached. Check the connection.'
const gone = 'This answer is not there any more.'

/** Shorter when the browser says that the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(end, ms)
    window.addEventListener('online', end)
    signal.addEventListener('abort', end)
    function end(): void {
      clearTimeout(timer)
      window.removeEventListener('online', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
  })
}
