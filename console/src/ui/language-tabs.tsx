import type { ReactElement } from 'react'
import { type Language, languages } from '../app/snippets.ts'

/** In which language snippets are shown. */
export function LanguageTabs({
  language,
  onChange,
}: {
  language: Language
  onChange: (language: Language) => void
}): ReactElement {
  return <SnippetTabs names={languages} chosen={language} onChange={onChange} />
}

/** The same for snippets that come in other ways too. */
export function SnippetTabs<Name extends string>({
  names,
  chosen,
  onChange,
}: {
  names: readonly Name[]
  chosen: Name
  onChange: (name: Name) => void
}): ReactElement {
  return (
    <div role="tablist" aria-label="Language" className="mb-2 flex flex-wrap gap-1">
      {names.map(name => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === chosen}
          onClick={() => onChange(name)}
          className="rounded-md px-2 py-1 text-[13px] font-medium text-quiet hover:text-ink aria-selected:bg-sunken aria-selected:text-ink"
        >
          {name}
        </button>
      ))}
    </div>
  )
}
