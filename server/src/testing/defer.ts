/** A test, or a file by one object `{ after }` of node:test. */
export type Scope = { after(callback: () => Promise<void>): void }

const stacks = new WeakMap<Scope, (() => unknown)[]>()

/**
 * Calls back when the scope ends, the last one first: a folder is removed after the server in it has stopped. (The
 * hooks of node:test itself run first come, first served.)
 */
export function defer(scope: Scope, callback: () => unknown): void {
  const known = stacks.get(scope)
  if (known) {
    known.push(callback)
    return
  }
  const stack = [callback]
  stacks.set(scope, stack)
  scope.after(async () => {
    for (let next = stack.pop(); next; next = stack.pop()) await next()
  })
}
