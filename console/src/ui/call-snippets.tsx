import { type ReactElement, useEffect, useState } from 'react'
import { type DescribedCall, describeCall } from '../app/describe-call.ts'
import { type Language, snippet } from '../app/snippets.ts'
import type { ApiCall } from '../app/use-api.ts'
import { CodeBlock } from './copy.tsx'
import { LanguageTabs } from './language-tabs.tsx'

/** What it answers is of no interest here. */
export type DescribableCall = (...given: Parameters<ApiCall<unknown>>) => unknown

/** A call as curl, TypeScript and Python, as it would be sent now. */
export function CallSnippets({ call }: { call: DescribableCall }): ReactElement {
  const [described, setDescribed] = useState<DescribedCall>()
  const [language, setLanguage] = useState<Language>('curl')
  useEffect(() => {
    let isShown = true
    void describeCall(client => call(client, {})).then(found => {
      if (isShown) setDescribed(found)
    })
    return () => {
      isShown = false
    }
  }, [call])
  return (
    <div>
      <LanguageTabs language={language} onChange={setLanguage} />
      {described && (
        <CodeBlock label={`The call as ${language}`} code={snippet(language, described, location.origin)} />
      )}
      <p className="mt-2 text-[13px] text-quiet">
        <code className="font-mono">ROUNDHOUSE_KEY</code> is an API key of yours.
      </p>
    </div>
  )
}
