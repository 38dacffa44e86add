import address from '../../../../server/sample/digits.onnx?inline'

/** The sample model; within the program, because pages read nothing but the API. */
export function sampleFile(): File {
  const text = atob(address.slice(address.indexOf(',') + 1))
  return new File([Uint8Array.from(text, character => character.charCodeAt(0))], 'digits.onnx')
}
