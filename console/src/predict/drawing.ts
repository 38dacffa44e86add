import { element } from '../chat/element.ts'

type Points = Uint8ClampedArray<ArrayBuffer>

/** Of the width: a stroke as broad as that of a pen on such a picture. */
const brushShare = 0.055
const leastBrush = 0.7

/** Lets mouse, finger, pen and keys draw on a canvas of few points. Gives the buttons that belong to it. */
export function drawable(
  canvas: HTMLCanvasElement,
  { points, ink, changed }: { points: () => Points; ink: () => number; changed: (points: Points) => void },
): HTMLElement[] {
  const { width, height } = canvas
  const radius = Math.max(leastBrush, width * brushShare)
  const cursor = { x: Math.floor(width / 2), y: Math.floor(height / 2) }
  const erase = element('button', { type: 'button', 'aria-pressed': 'false' }, 'Erase')
  const clear = element('button', { type: 'button' }, 'Clear')
  const isErasing = () => erase.getAttribute('aria-pressed') === 'true'

  erase.addEventListener('click', () => erase.setAttribute('aria-pressed', String(!isErasing())))
  clear.addEventListener('click', () => {
    const empty = new Uint8ClampedArray(width * height * 4).fill(255 - ink())
    for (let at = 3; at < empty.length; at += 4) empty[at] = 255
    changed(empty)
  })

  /** Full in the middle, less at the rim. */
  function dab(x: number, y: number, size: number): void {
    const next = new Uint8ClampedArray(points())
    const to = isErasing() ? 255 - ink() : ink()
    for (let row = Math.floor(y - size - 1); row <= y + size + 1; row++)
      for (let column = Math.floor(x - size - 1); column <= x + size + 1; column++) {
        if (row < 0 || column < 0 || row >= height || column >= width) continue
        const away = Math.hypot(column + 0.5 - x, row + 0.5 - y)
        const share = Math.min(1, Math.max(0, size + 0.5 - away))
        const at = (row * width + column) * 4
        const was = next[at] ?? 0
        const now = 255 - to + (to - (255 - to)) * share
        // A stroke over another does not take from it.
        const kept = to > 127 ? Math.max(was, now) : Math.min(was, now)
        if (share > 0) next.fill(kept, at, at + 3)
      }
    changed(next)
  }

  let last: { x: number; y: number } | undefined
  const placeOf = ({ clientX, clientY }: PointerEvent) => {
    const box = canvas.getBoundingClientRect()
    return { x: ((clientX - box.left) / box.width) * width, y: ((clientY - box.top) / box.height) * height }
  }
  canvas.addEventListener('pointerdown', event => {
    event.preventDefault()
    canvas.focus()
    canvas.setPointerCapture(event.pointerId)
    last = placeOf(event)
    dab(last.x, last.y, radius)
  })
  canvas.addEventListener('pointermove', event => {
    if (!last) return
    const place = placeOf(event)
    // Between two places of a fast hand there is a line.
    const steps = Math.ceil(Math.hypot(place.x - last.x, place.y - last.y) / radius)
    for (let step = 1; step <= steps; step++)
      dab(last.x + ((place.x - last.x) * step) / steps, last.y + ((place.y - last.y) * step) / steps, radius)
    last = place
  })
  for (const end of ['pointerup', 'pointercancel'] as const)
    canvas.addEventListener(end, () => {
      last = undefined
    })
  canvas.addEventListener('keydown', event => {
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }
    const move = moves[event.key]
    if (move) {
      cursor.x = Math.min(width - 1, Math.max(0, cursor.x + move[0]))
      cursor.y = Math.min(height - 1, Math.max(0, cursor.y + move[1]))
    } else if (event.key === ' ') dab(cursor.x + 0.5, cursor.y + 0.5, 0.5)
    else return
    event.preventDefault()
    const { style } = canvas.parentElement ?? canvas
    style.setProperty('--x', `${((cursor.x + 0.5) / width) * 100}%`)
    style.setProperty('--y', `${((cursor.y + 0.5) / height) * 100}%`)
  })
  return [erase, clear]
}
