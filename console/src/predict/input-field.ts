import type { Field, Spec } from './field.ts'
import { gridField, isShort } from './grid-field.ts'
import { imageOf } from './image.ts'
import { imageField } from './image-field.ts'
import { textField } from './text-field.ts'
import type { Value } from './values.ts'

/** More numbers than that nobody writes by hand. */
const mostWritten = 4096

/** A field for each value of a few short rows, else one for lines of values or for JSON; a picture where it is one. */
export function inputField(spec: Spec, { isDrawn, example }: { isDrawn: boolean; example: Value }): Field {
  const image = imageOf(spec.shape)
  if (image && (isDrawn || sizeOf(spec) > mostWritten)) return imageField(spec, image, example)
  return isShort(spec, example) ? gridField(spec, example) : textField(spec, example)
}

function sizeOf({ shape }: Spec): number {
  return shape.reduce<number>((product, size) => product * (size ?? 1), 1)
}
