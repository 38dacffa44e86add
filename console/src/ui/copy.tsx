import { Check, Copy } from 'lucide-react'
import { type ReactElement, useEffect, useState } from 'react'
import { classes } from './class-names.ts'
import { shortId } from './format.ts'

/** Copies, and says so for a moment. Where the clipboard is closed (plain http of another host), says that. */
function useCopy(): [state: 'idle' | 'copied' | 'failed', copy: (text: string) => Promise<void>] {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 1600)
    return () => clearTimeout(timer)
  }, [state])
  return [
    state,
    async text => {
      try {
        await navigator.clipboard.writeText(text)
        setState('copied')
      } catch {
        setState('failed')
      }
    },
  ]
}

const told = {
  idle: '',
  copied: 'Copied',
  failed: 'The browser did not let us copy: select the text instead.',
}

export function CopyButton({
  text,
  label,
  className,
}: {
  text: string
  /** What is copied: `request id`, `key`. */
  label: string
  className?: string
}): ReactElement {
  const [state, copy] = useCopy()
  return (
    <button
      type="button"
      aria-label={`Copy ${label}`}
      title={told[state] || `Copy ${label}`}
      onClick={() => void copy(text)}
      className={classes(
        'inline-flex size-6 shrink-0 items-center justify-center rounded text-quiet hover:bg-sunken hover:text-ink',
        className,
      )}
    >
      {state === 'copied' ? <Check className="size-3.5 text-good" /> : <Copy className="size-3.5" />}
      <span role="status" className="sr-only">
        {told[state]}
      </span>
    </button>
  )
}

/** An id as text that can be read, selected and copied; `short` shows its end alone. */
export function Identifier({
  value,
  label,
  short = false,
}: {
  value: string
  label: string
  short?: boolean
}): ReactElement {
  return (
    <span className="inline-flex max-w-full items-center gap-0.5 align-middle">
      <code className="truncate font-mono text-[13px] text-quiet" title={value}>
        {short ? shortId(value) : value}
      </code>
      <CopyButton text={value} label={label} />
    </span>
  )
}

/** Text that is meant to be copied: code, a key, a link. */
export function CodeBlock({
  code,
  label,
  className,
}: {
  code: string
  label: string
  className?: string
}): ReactElement {
  return (
    <div className={classes('flex items-start rounded-lg border border-line bg-sunken', className)}>
      <section
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-[28rem] min-w-0 flex-1 overflow-auto py-3 pl-3.5 font-mono text-[13px] leading-relaxed"
      >
        <pre className="font-mono">
          <code>{code}</code>
        </pre>
      </section>
      <CopyButton text={code} label={label} className="m-2" />
    </div>
  )
}
