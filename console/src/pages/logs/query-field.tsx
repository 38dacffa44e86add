import { Search, X } from 'lucide-react'
import { type ReactElement, useEffect, useId, useRef, useState } from 'react'
import { IconButton } from '../../ui/button.tsx'

const settleMs = 400

/** Asks when a moment has passed, or at Enter. `/` puts the cursor here. */
export function QueryField({
  q,
  fault,
  onChange,
}: {
  q: string
  fault: string | undefined
  onChange(q: string): void
}): ReactElement {
  const [text, setText] = useState(q)
  const told = useRef(q)
  const id = useId()
  useEffect(() => {
    // Changed from elsewhere: the address, or a filter.
    if (q === told.current) return
    told.current = q
    setText(q)
  }, [q])
  const tell = (next: string) => {
    if (next.trim() === told.current) return
    told.current = next.trim()
    onChange(told.current)
  }
  useEffect(() => {
    const timer = setTimeout(() => tell(text), settleMs)
    return () => clearTimeout(timer)
  })
  return (
    <div className="relative min-w-0 flex-1">
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-quiet"
      />
      <input
        type="text"
        data-search
        aria-label="Query"
        aria-invalid={fault !== undefined || undefined}
        aria-describedby={fault === undefined ? undefined : id}
        placeholder="level:error path:/api/v1/models &quot;timed out&quot;"
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter') tell(text)
        }}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        className="h-9 w-full rounded-md border border-edge/70 bg-raised pr-9 pl-8 font-mono text-[13px] placeholder:text-quiet aria-invalid:border-bad"
      />
      {text !== '' && (
        <IconButton
          label="Clear the query"
          className="absolute top-0.5 right-0.5"
          onClick={() => {
            setText('')
            tell('')
          }}
        >
          <X className="size-4" />
        </IconButton>
      )}
      {fault !== undefined && (
        <p id={id} role="alert" className="mt-1 text-[13px] text-bad">
          {fault}
        </p>
      )}
    </div>
  )
}
