import type { ImageLayout } from './image.ts'

/** The middle of a picture in the size of the model; undefined for what the browser cannot read. */
export async function readPicture(
  file: Blob,
  { width, height }: ImageLayout,
): Promise<{ points: Uint8ClampedArray<ArrayBuffer>; from: string } | undefined> {
  const bitmap = await createImageBitmap(file).catch(() => undefined)
  if (!bitmap) return undefined
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const paint = canvas.getContext('2d')
  if (!paint) return undefined
  // Nothing may be seen through.
  paint.fillStyle = '#fff'
  paint.fillRect(0, 0, width, height)
  paint.imageSmoothingQuality = 'high'
  const scale = Math.max(width / bitmap.width, height / bitmap.height)
  const [wide, high] = [bitmap.width * scale, bitmap.height * scale]
  paint.drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high)
  const from = `${bitmap.width} × ${bitmap.height} points, made ${width} × ${height}`
  bitmap.close()
  return { points: new Uint8ClampedArray(paint.getImageData(0, 0, width, height).data), from }
}
