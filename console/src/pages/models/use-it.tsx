import type { Model } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { examplesOf } from '../../predict/example.ts'
import { type Language, languages, snippet } from '../../predict/snippets.ts'
import { CodeBlock } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SnippetTabs } from '../../ui/language-tabs.tsx'

/** A call of this version that works when it is pasted, with an example filled in. */
export function UseIt({ model, onClose }: { model: Model; onClose: () => void }): ReactElement {
  const [language, setLanguage] = useState<Language>('curl')
  const inputs = model.input_schema ?? []
  const isOpen = model.visibility === 'public' && model.price === 0
  const code = snippet(language, {
    origin: location.origin,
    model: { id: model.id, name: model.name, version: model.version, inputs },
    input: JSON.stringify(examplesOf(inputs, model.metadata)),
    isOpen,
  })
  return (
    <Dialog title={`Use ${model.name}`} onClose={onClose} wide>
      <SnippetTabs names={languages} chosen={language} onChange={setLanguage} />
      <CodeBlock label={`The call as ${language}`} code={code} />
      <p className="mt-3 text-[13px] text-quiet">
        {isOpen ? (
          'This model is public and free: nobody needs a key.'
        ) : (
          <>
            <code className="font-mono">ROUNDHOUSE_KEY</code> is an API key of yours.{' '}
            <Link to="/keys" className="text-accent underline underline-offset-2">
              Make one
            </Link>
          </>
        )}
      </p>
    </Dialog>
  )
}
