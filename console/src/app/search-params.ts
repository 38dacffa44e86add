/** What an address may say behind `?`, read so that nothing in it can break a page. */
export type RawSearch = Record<string, unknown>

/** Undefined for nothing, and for what is no text. Numbers come as such from the address. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value.slice(0, 2000) : undefined
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
): (value: unknown) => Choice | undefined {
  return value => choices.find(choice => choice === value)
}

export function whole(value: unknown): number | undefined {
  const number = Number(value)
  return value !== undefined && value !== '' && Number.isSafeInteger(number) ? number : undefined
}

export function flag(value: unknown): true | undefined {
  return value === true || value === 'true' || value === 1 ? true : undefined
}

type Read<Readers> = {
  [Name in keyof Readers]?: Readers[Name] extends (value: unknown) => infer Value ? Value | undefined : never
}

/**
 * `validateSearch` of a route: `searchOf({ q: text, status: oneOf(['ready', 'error']) })`. What is absent or wrong is not there.
 */
export function searchOf<Readers extends Record<string, (value: unknown) => unknown>>(
  readers: Readers,
): (raw: RawSearch) => Read<Readers> {
  return raw => {
    const search: Record<string, unknown> = {}
    for (const [name, read] of Object.entries(readers)) {
      const value = read(raw[name])
      if (value !== undefined) search[name] = value
    }
    // Each name was read by the reader of that name.
    return search as Read<Readers>
  }
}
