/** What the scripted language model says; its servers and those who check the answers agree on it here. */
export type Script = { readonly chunks: number; readonly everyMs: number }

/** The model that says one word and then nothing. */
export const hangs = 'hang'

export function modelOf({ chunks, everyMs }: Script): string {
  return `${chunks}x${everyMs}`
}

export function scriptOf(model: string): Script {
  const [chunks = 0, everyMs = 0] = model.split('x').map(Number)
  return { chunks, everyMs }
}

/** Each chunk holds one, as long as a token mostly is; no door has the first in its frames before the text. */
export function wordOf(at: number): string {
  return `word${at} `
}

export function textOf({ chunks }: Script): string {
  return Array.from({ length: chunks }, (_, at) => wordOf(at)).join('')
}
