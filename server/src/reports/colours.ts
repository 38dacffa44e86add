/** The colours of a report, made of its accent: `#24527a` each. */
export type ReportColours = {
  /** Areas: the accent as it was given, unless nobody would see it on paper. */
  fill: string
  /** Text on white: 4.5:1 at least (WCAG 2.2, 1.4.3). */
  text: string
  /** Lines and marks on white: 3:1 at least (WCAG 2.2, 1.4.11). */
  line: string
  /** Text on `fill`. */
  on: string
}

type Rgb = readonly [number, number, number]
const white: Rgb = [255, 255, 255]
const ink = '#1b2430'
const houseAccent = '#24527a'

export function reportColours(accent: string | undefined): ReportColours {
  const given = read(accent ?? houseAccent)
  const line = darkenedTo(given, 3)
  const text = darkenedTo(given, 4.5)
  const seen = contrast(given, white) < 1.3 ? line : given
  // On a colour between light and dark neither is read well: it is made darker.
  const on = [white, read(ink)].find(each => contrast(each, seen) >= 4.5)
  return { fill: hex(on ? seen : text), text: hex(text), line: hex(line), on: hex(on ?? white) }
}

/** Contrast of two colours from 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrastOf(one: string, other: string): number {
  return contrast(read(one), read(other))
}

function darkenedTo(colour: Rgb, wanted: number): Rgb {
  for (let share = 1; share > 0; share -= 0.01) {
    const darker: Rgb = [colour[0] * share, colour[1] * share, colour[2] * share]
    const whole: Rgb = [Math.floor(darker[0]), Math.floor(darker[1]), Math.floor(darker[2])]
    if (contrast(whole, white) >= wanted) return whole
  }
  return [0, 0, 0]
}

function contrast(one: Rgb, other: Rgb): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map(part => {
    const share = part / 255
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function read(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

function hex(colour: Rgb): string {
  return `#${colour.map(part => part.toString(16).padStart(2, '0')).join('')}`
}
