import type { Block, ReadDocument } from '../../ports/document-reader.ts'

/**
 * A document as it is sent between processes: the names of columns once for all rows that stand below them. With each row
 * a table of 400 kB, wide and long, was 1.4 GB where it arrived (2026-11).
 */
export type Packed = Omit<ReadDocument, 'blocks'> & {
  readonly tables: readonly string[]
  readonly blocks: readonly (Omit<Block, 'columns'> & { readonly table?: number })[]
}

export function packed({ blocks, ...document }: ReadDocument): Packed {
  const tables: string[] = []
  const rows = blocks.map(({ columns, ...block }) => {
    if (columns === undefined) return block
    if (tables.at(-1) !== columns) tables.push(columns)
    return { ...block, table: tables.length - 1 }
  })
  return { ...document, tables, blocks: rows }
}

export function unpacked({ tables, blocks, ...document }: Packed): ReadDocument {
  const rows = blocks.map(({ table, ...block }): Block => {
    const columns = table === undefined ? undefined : tables[table]
    return columns === undefined ? block : { ...block, columns }
  })
  return { ...document, blocks: rows }
}
