type Page<Item> = { data: Item[]; next_cursor: string | null }

/** Every item, page after page. */
export async function* iteratePages<Item, Options extends { cursor?: string | undefined }>(
  list: (options: Options) => Promise<Page<Item>>,
  options: Options,
): AsyncGenerator<Item, void> {
  let cursor = options.cursor
  do {
    const page = await list(cursor === undefined ? options : { ...options, cursor })
    yield* page.data
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}
