import { json, jsonParseLinter } from '@codemirror/lang-json'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, linter, lintGutter } from '@codemirror/lint'
import { StateEffect, StateField } from '@codemirror/state'
import { tags } from '@lezer/highlight'
import { basicSetup, EditorView } from 'codemirror'

export type EditorChoices = {
  label: string
  value: string
  onChange: (text: string) => void
  /** Undefined: plain text. Faults of JSON are marked at their line. */
  language?: 'json' | undefined
}

/** Marks a line, counted from 1, with what is wrong there, until the text changes. */
export function markLine(editor: EditorView, line: number, sentence: string | undefined): void {
  editor.dispatch({ effects: told.of(sentence === undefined ? null : { line, sentence }) })
}

const told = StateEffect.define<{ line: number; sentence: string } | null>()
const fault = StateField.define<{ line: number; sentence: string } | null>({
  create: () => null,
  update(value, { effects, docChanged }) {
    for (const effect of effects) if (effect.is(told)) return effect.value
    return docChanged ? null : value
  },
})

function faultsIn(view: EditorView): Diagnostic[] {
  const known = view.state.field(fault)
  const syntax = jsonParseLinter()(view)
  if (!known) return syntax
  const { doc } = view.state
  const { from, to } = doc.line(Math.min(Math.max(known.line, 1), doc.lines))
  return [...syntax, { from, to, severity: 'error', message: known.sentence }]
}

/** Soon enough to be seen as an answer, and not at each letter. */
const lintDelayMs = 300

const jsonFaults = linter(faultsIn, {
  delay: lintDelayMs,
  needsRefresh: update => update.transactions.some(({ effects }) => effects.some(effect => effect.is(told))),
})

/** The editor in an element of the page. Import it by `import()`: it is the largest piece of the console. */
export function openEditor(place: Element, { label, value, language, onChange }: EditorChoices): EditorView {
  return new EditorView({
    doc: value,
    parent: place,
    extensions: [
      basicSetup,
      language === 'json' ? [json(), fault, jsonFaults, lintGutter()] : [],
      colours,
      syntaxHighlighting(highlight),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      EditorView.updateListener.of(update => {
        if (update.docChanged) onChange(update.state.doc.toString())
      }),
    ],
  })
}

/** Puts another text in the place of all there is. */
export function setText(editor: EditorView, text: string): void {
  if (editor.state.doc.toString() === text) return
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } })
}

const colours = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', maxHeight: '32rem', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--quiet)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--sunken)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--wash) !important',
  },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--raised)',
    color: 'var(--ink)',
    borderColor: 'var(--line)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  // In place of pictures in `data:` addresses, which the policy of the page refuses.
  '.cm-lint-marker-error': {
    content: 'normal',
    width: '0.6em',
    height: '0.6em',
    margin: '0.35em auto',
    borderRadius: '50%',
    backgroundColor: 'var(--bad)',
  },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
})

const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--series-2)' },
  { tag: tags.string, color: 'var(--series-3)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--series-4)' },
])
