import { Problem } from '@roundhouse/sdk/contract'
import { parse } from 'yaml'

/** What a text of JSON or YAML says. @throws Problem `invalid-request`. */
export function readDocument(text: string): unknown {
  try {
    if (text.trimStart().startsWith('{')) return JSON.parse(text)
    // Aliases are counted by the library, so that ten lines do not become a billion.
    return parse(text, { prettyErrors: false, logLevel: 'error' })
  } catch (error) {
    throw new Problem('invalid-request', 'The document is neither JSON nor YAML.', { cause: error })
  }
}
