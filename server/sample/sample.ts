import { fileURLToPath } from 'node:url'

/** The model a new house serves: `pixels` FP32 [N,64] -> `digit` INT64 [N] and `probabilities` FP32 [N,10]. */
export const sample = {
  name: 'digits',
  version: '1',
  path: fileURLToPath(new URL('./digits.onnx', import.meta.url)),
  /** One image the model was not trained on, 8 x 8 pixels of 0 (paper) to 16 (ink). */
  exampleInput: [
    0, 0, 0, 0, 15, 9, 0, 0, 0, 0, 0, 8, 16, 5, 0, 0, 0, 0, 1, 16, 16, 5, 0, 0, 0, 0, 11, 16, 16, 1, 1, 0, 0,
    6, 16, 16, 16, 15, 9, 0, 0, 7, 15, 16, 16, 10, 1, 0, 0, 0, 1, 7, 16, 1, 0, 0, 0, 0, 0, 1, 15, 5, 0, 0,
  ],
  /** What the image shows, and what the model says. */
  exampleDigit: 4,
} as const
