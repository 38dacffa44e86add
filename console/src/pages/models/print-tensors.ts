/** JSON with a line for each row, so that a tensor is read as one. */
export function printTensors(values: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(values).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${printRows(value, '  ')}`,
  )
  return `{\n${entries.join(',\n')}\n}`
}

function printRows(value: unknown, indent: string): string {
  if (!Array.isArray(value)) return JSON.stringify(value)
  if (!value.some(Array.isArray)) return `[${value.map(item => JSON.stringify(item)).join(', ')}]`
  const rows = value.map(row => `${indent}  ${printRows(row, `${indent}  `)}`)
  return `[\n${rows.join(',\n')}\n${indent}]`
}
