/** What a market of flats does, made up: the model learns from it, and the listings of `seed.ts` lie in it. */

/** Months that the model reads, and months that it tells. */
export const pastMonths = 24
export const nextMonths = 6

/** Prices per square metre, month by month; the same for the same number. */
export function townPrices(town: number, months: number): number[] {
  const random = randomFrom(town)
  const growth = -0.001 + 0.006 * random()
  const season = 0.01 * random()
  let level = Math.log(1500 + 6000 * random())
  let momentum = 0
  return Array.from({ length: months }, (_, month) => {
    momentum = 0.8 * momentum + 0.004 * normal(random)
    level += growth + momentum
    const noise = 0.003 * normal(random)
    return Math.exp(level + season * Math.sin((2 * Math.PI * month) / 12) + noise)
  })
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Mulberry32: 32 bits of state, the same numbers on every machine. */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
