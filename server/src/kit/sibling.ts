/** The URL of a module beside this one, which ends in `.ts` from source and in `.js` once compiled. */
export function sibling(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl)
}
