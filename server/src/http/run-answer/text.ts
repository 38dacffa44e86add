import type { RunEvent } from '@roundhouse/sdk/contract'

/** The text of a run as one that only grows, for clients that cannot take back what they were told. */
export type RunText = {
  /**
   * What the event adds; empty for events without text, and for text that has been told and is said again.
   * `isOther`: it is said again in other words.
   */
  add(seq: number, event: RunEvent): { text: string; isOther: boolean }
}

const nothing = { text: '', isOther: false }
/** Between what is said before a tool is called and after it. */
const blankLine = '\n\n'

/**
 * Texts of several steps have a blank line between them. An answer that is to keep to a schema comes as a whole at the
 * end: a try that was not accepted before it would make both unreadable.
 */
export function createRunText(): RunText {
  /** Since the last step that is done. */
  let told = ''
  /** How far what is said has come in it. */
  let at = 0
  /** Where in it each event ended. */
  let marks: { seq: number; at: number }[] = []
  /** A step before has said something. */
  let isLater = false
  let hasSchema = false

  return {
    add(seq, event) {
      switch (event.type) {
        case 'run-start':
          hasSchema = event.has_schema
          return nothing
        case 'step-end':
          isLater ||= told !== ''
          told = ''
          at = 0
          marks = []
          return nothing
        case 'run-attempt':
        case 'step-restart':
          marks = marks.filter(mark => mark.seq <= event.after)
          at = marks.at(-1)?.at ?? 0
          return nothing
        case 'text-delta': {
          if (hasSchema || event.text === '') return nothing
          const said = at === 0 && isLater ? blankLine + event.text : event.text
          const again = told.slice(at, at + said.length)
          const isOther = !said.startsWith(again)
          const text = isOther ? said : said.slice(again.length)
          told = isOther ? told.slice(0, at) + said : told + text
          at += said.length
          marks.push({ seq, at })
          return { text, isOther }
        }
        case 'run-end':
          return hasSchema ? { text: event.output, isOther: false } : nothing
        default:
          return nothing
      }
    },
  }
}
