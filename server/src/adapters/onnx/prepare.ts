/** Loads the library and its environment into this thread, about 30 ms, which its first session would wait for. */
export async function prepareOrt(): Promise<void> {
  const ort = await import('onnxruntime-node')
  ort.env.logLevel = 'fatal'
  // The environment is made before the model is looked at; there is no call for it alone.
  await ort.InferenceSession.create(new Uint8Array(0), { logSeverityLevel: 4 }).catch(() => {})
}
