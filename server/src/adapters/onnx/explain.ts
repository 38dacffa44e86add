/** The text of an onnxruntime error as one sentence for people, without paths of this machine or of its build. */
export function explain(error: unknown, modelPath: string): string {
  const text = (error instanceof Error ? error.message : String(error))
    .replaceAll(modelPath, 'the file')
    .replace(/^Load model from the file failed:\s*/, '')
    .replace(/\[ONNXRuntimeError\] : \d+ : \w+ : /g, '')
    // Where in its own source: "/onnxruntime_src/onnxruntime/core/.../reshape_helper.h:47 ". Node names may begin
    // with a slash too ("/layer1/Conv"), so that only paths of source files go.
    .replace(/\S+\.(?:h|hpp|cc|cpp):\d+\s*/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  const short = text.length > 500 ? `${text.slice(0, 500)}...` : text
  return /[.!?]$/.test(short) ? short : `${short}.`
}
