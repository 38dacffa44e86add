/**
 * Black or white, whichever is read better on the colour: the one of the greater contrast.
 * @param colour `#rrggbb`. Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
 */
export function inkOn(colour: string): '#000' | '#fff' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(at => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#fff' : '#000'
}

/** Sets what the stylesheet takes its accent from; nothing for what is no colour of that form. */
export function setColour(host: HTMLElement, colour: string | null | undefined): void {
  if (!colour || !/^#[0-9a-f]{6}$/i.test(colour)) return
  host.style.setProperty('--chosen-colour', colour)
  host.style.setProperty('--chosen-ink', inkOn(colour))
}
