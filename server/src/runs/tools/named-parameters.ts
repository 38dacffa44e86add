/** A statement as the database takes it: `names[0]` is the value of `$1`. */
export type BoundStatement = { readonly text: string; readonly names: readonly string[] }

/** What holds no parameter: comments, texts, quoted names, texts in dollars, casts; then what is one. */
const part =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|::|(?<![\w$])\$\d+|:([A-Za-z_]\w*)/g

/**
 * Gives each `:name` its place, the same name the same one, so that values are bound and never part of the text.
 * @param known The names that there are. @throws Error, one sentence, for another name.
 */
export function bindNames(sql: string, known: readonly string[]): BoundStatement {
  const names: string[] = []
  const text = sql.replace(part, (found: string, _dollars: string | undefined, name: string | undefined) => {
    if (/^\$\d/.test(found)) throw new Error(`${found}: a parameter has a name, such as :symbol.`)
    if (name === undefined) return found
    if (!known.includes(name))
      throw new Error(`:${name} is no parameter. There are ${known.map(each => `:${each}`).join(', ')}.`)
    if (!names.includes(name)) names.push(name)
    return `$${names.indexOf(name) + 1}`
  })
  return { text: text.trim().replace(/;$/, ''), names }
}
