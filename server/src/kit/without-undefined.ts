/** The fields that have a value, so that those without one take the place of none when they are spread. */
export function withoutUndefined<Value extends object>(
  value: Value,
): { [Field in keyof Value]?: Exclude<Value[Field], undefined> } {
  const given = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(given) as ReturnType<typeof withoutUndefined<Value>>
}
