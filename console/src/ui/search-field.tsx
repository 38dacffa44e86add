import { Search } from 'lucide-react'
import { type ReactElement, useEffect, useRef, useState } from 'react'

/** Says what was typed when a moment has passed, so that each letter is not a request. `/` puts the cursor here. */
export function SearchField({
  label,
  value,
  onChange,
  placeholder,
}: {
  label: string
  value: string
  onChange: (text: string) => void
  placeholder?: string
}): ReactElement {
  const [text, setText] = useState(value)
  const told = useRef(value)
  useEffect(() => {
    // Changed from elsewhere: the address, or a button that clears.
    if (value !== told.current) {
      told.current = value
      setText(value)
    }
  }, [value])
  useEffect(() => {
    if (text === told.current) return
    const timer = setTimeout(() => {
      told.current = text
      onChange(text)
    }, 250)
    return () => clearTimeout(timer)
  }, [text, onChange])
  return (
    <div className="relative min-w-0 flex-1 sm:max-w-md">
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-quiet"
      />
      <input
        type="search"
        data-search
        aria-label={label}
        placeholder={placeholder ?? label}
        value={text}
        onChange={event => setText(event.target.value)}
        spellCheck={false}
        className="h-9 w-full rounded-md border border-edge/70 bg-raised pr-2.5 pl-8 text-sm placeholder:text-quiet"
      />
    </div>
  )
}
