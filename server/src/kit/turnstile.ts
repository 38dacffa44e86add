/** Lets at most `width` pieces of work run at a time; the others wait in order. */
export type Turnstile = <Result>(work: () => Promise<Result>) => Promise<Result>

export function createTurnstile(width: number): Turnstile {
  const waiting: (() => void)[] = []
  let running = 0

  return async work => {
    if (running >= width) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
