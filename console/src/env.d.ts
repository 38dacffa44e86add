/** A stylesheet as text, for shadow roots. */
declare module '*.css?inline' {
  const text: string
  export default text
}

/** A stylesheet that comes with the module. */
declare module '*.css' {}

/** A file as the text of a `data:` address. */
declare module '*.onnx?inline' {
  const address: string
  export default address
}

/** In all browsers that hand the literals of numbers to revivers. */
interface JSON {
  rawJSON(text: string): unknown
}
