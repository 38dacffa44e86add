/** Beyond Basic Latin, Latin-1 and Latin Extended-A, which every font of ours has; what has no shape of its own is left out. */
const uncommon = /[^\u{20}-\u{17f}\p{Default_Ignorable_Code_Point}\p{M}\p{Z}\p{Cc}\p{Cf}]/gu
/** The template measures each. A language has fewer, but for Chinese, of which these tell enough. */
const mostLetters = 1000

/** Letters of all texts in the data that some machine may have no font for, each once. */
export function uncommonLetters(data: unknown): string[] {
  const found = new Set<string>()
  visit(data)
  return [...found]

  function visit(value: unknown): void {
    if (found.size >= mostLetters) return
    if (typeof value === 'string')
      for (const [letter] of value.matchAll(uncommon)) {
        found.add(letter)
        if (found.size >= mostLetters) return
      }
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) visit(each)
  }
}
