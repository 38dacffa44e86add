/** Round times on an axis from 0 to `totalMs`, at most `most` of them behind 0: steps of 1, 2 or 5 times a power of ten. */
export function ticksOf(totalMs: number, most = 5): number[] {
  const least = totalMs / most
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-3)))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= least * 0.999) ?? 10 * power
  const ticks: number[] = []
  for (let at = 0; at <= totalMs; at += step) ticks.push(at)
  return ticks
}
