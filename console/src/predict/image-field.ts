import { element } from '../chat/element.ts'
import { drawable } from './drawing.ts'
import { type Field, notes, type Spec } from './field.ts'
import { freshId } from './fresh-id.ts'
import {
  type ImageLayout,
  isDrawable,
  pointsOf,
  type Range,
  rangeOfExample,
  rangesOf,
  valuesOf,
} from './image.ts'
import { arrayText, isWhole } from './literal.ts'
import { readPicture } from './read-picture.ts'
import { cellsOf, type Value } from './values.ts'

/** A picture from a file, or drawn where it is small and grey; the values of the model are kept beside what is seen. */
export function imageField(spec: Spec, layout: ImageLayout, example: Value): Field {
  const { name, dtype, shape } = spec
  const { width, height, channels } = layout
  const { elements, describes, complain } = notes(
    spec,
    ` · ${isDrawable(layout) ? 'draw with the mouse or a finger, or ' : ''}drop a picture here: it becomes ${width} × ${height}`,
  )
  const first = rangeOfExample(example, dtype)
  const ranges = rangesOf(first.largest)
  const canDraw = isDrawable(layout)
  const canvas = element('canvas', {
    width: String(width),
    height: String(height),
    class: width < 100 ? 'picture points' : 'picture',
    'aria-describedby': describes,
    ...(canDraw
      ? {
          tabindex: '0',
          role: 'application',
          'aria-label': `Drawing for ${name}: arrow keys move, the space bar draws`,
        }
      : { role: 'img', 'aria-label': `Picture for ${name}` }),
  })
  const paint = canvas.getContext('2d')
  const range = element(
    'select',
    { id: freshId() },
    ...Object.keys(ranges)
      .filter(choice => channels === 3 || !choice.startsWith('ImageNet'))
      .map(choice => element('option', { selected: choice === first.name }, choice)),
  )
  const dark = element('input', { type: 'checkbox', id: freshId(), checked: canDraw })
  const file = element('input', { type: 'file', id: freshId(), accept: 'image/*' })
  const said = element('span', { class: 'hint', role: 'status' })

  let values: readonly unknown[] = []
  let points = new Uint8ClampedArray(width * height * 4)
  let scale = scaleNow()

  /** Ink is the high end where dark is high. */
  function scaleNow(): { layout: ImageLayout; range: Range; isWhole: boolean } {
    const { low, high } = ranges[range.value] ?? { low: [0, 0, 0], high: [1, 1, 1] }
    return { layout, range: dark.checked ? { low: high, high: low } : { low, high }, isWhole: isWhole(dtype) }
  }
  function show(): void {
    paint?.putImageData(new ImageData(points, width, height), 0, 0)
  }
  function fill(value: Value): void {
    values = cellsOf(value).slice(0, width * height * channels)
    points = pointsOf(values, scale)
    show()
  }
  /** What is seen is what is meant; what was not changed keeps its exact value. */
  function take(next: Uint8ClampedArray<ArrayBuffer>): void {
    const was = valuesOf(points, scale)
    values = valuesOf(next, scale).map((value, at) => (value === was[at] ? (values[at] ?? value) : value))
    points = next
    show()
    canvas.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const rescale = () => {
    scale = scaleNow()
    values = valuesOf(points, scale)
  }
  range.addEventListener('change', rescale)
  dark.addEventListener('change', rescale)

  async function read(picture: File | undefined): Promise<void> {
    if (!picture) return
    const read = await readPicture(picture, layout)
    said.textContent = read
      ? `${picture.name}: ${read.from}`
      : `${picture.name} is no picture that the browser can read.`
    if (!read) return
    values = valuesOf(read.points, scale)
    take(read.points)
  }
  file.addEventListener('change', () => void read(file.files?.[0]))
  canvas.addEventListener('dragover', event => event.preventDefault())
  canvas.addEventListener('drop', event => {
    event.preventDefault()
    void read(event.dataTransfer?.files[0])
  })

  const again = element('button', { type: 'button' }, 'Example')
  again.addEventListener('click', () => {
    fill(example)
    canvas.dispatchEvent(new Event('input', { bubbles: true }))
  })
  const ink = () => (dark.checked ? 0 : 255)
  const tools = canDraw ? drawable(canvas, { points: () => points, ink, changed: take }) : []
  fill(example)
  const box = element(
    'div',
    { class: 'field', role: 'group', 'aria-label': name },
    element('span', { class: 'name', 'aria-hidden': 'true' }, name),
    element('div', { class: 'stage' }, canvas),
    element('div', { class: 'tools' }, ...tools, again),
    element('div', { class: 'file' }, element('label', { for: file.id }, 'Image file'), file, said),
    element(
      'div',
      { class: 'tools' },
      element('label', { for: range.id }, 'Values'),
      range,
      element('div', { class: 'check' }, dark, element('label', { for: dark.id }, 'Dark counts as high')),
    ),
    ...elements,
  )
  return {
    element: box,
    fill,
    read() {
      if (values.length < width * height * channels) throw new Error('Choose a picture first.')
      const sizes = shape.map(
        (size, at) =>
          size ?? (at === 0 ? 1 : at === shape.length - 1 && !layout.isPlanes ? channels : freeSize(at)),
      )
      return arrayText(sizes, values.map(String))
    },
    complain(sentence) {
      complain(sentence)
      if (sentence !== undefined) canvas.scrollIntoView({ block: 'nearest' })
    },
  }

  /** Of a dimension that the model leaves open. */
  function freeSize(at: number): number {
    const isHeight = shape.length === 3 || layout.isPlanes ? at === shape.length - 2 : at === 1
    return isHeight ? height : width
  }
}
