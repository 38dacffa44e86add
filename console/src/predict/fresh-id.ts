let made = 0

/** For what a label or a description names. */
export function freshId(): string {
  made += 1
  return `id-${made}`
}
