import { setTimeout as delay } from 'node:timers/promises'

/** Fulfils when the condition holds. @throws Error with `what` when it does not within `limitMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 10_000,
): Promise<void> {
  const deadlineAt = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > deadlineAt) throw new Error(`Within ${limitMs} ms it did not happen: ${what}.`)
    await delay(1)
  }
}
