/**
 * What a file that is not ONNX seems to be, from its first bytes, to name it in the refusal; undefined when unknown.
 * `head` holds up to 64 bytes.
 */
export function lookAlike(head: Buffer): string | undefined {
  const text = head.toString('latin1')
  const lower = text.trimStart().toLowerCase()
  if (text.startsWith('PK'))
    return 'a zip archive (PyTorch .pt, Keras .keras and NumPy .npz are zip archives)'
  if (text.startsWith('\x89HDF\r\n\x1a\n')) return 'HDF5 (Keras .h5)'
  if (text.startsWith('GGUF')) return 'GGUF'
  if (text.slice(4, 8) === 'TFL3') return 'TensorFlow Lite'
  if (text.slice(4, 8) === 'ORTM') return 'the ORT format of onnxruntime'
  if (text.startsWith('\x1f\x8b')) return 'gzip'
  // Protocol 2 and later begin with 0x80 and the version; 0 and 1 are text that seldom begins the same.
  if (head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5)
    return 'a Python pickle (joblib, scikit-learn, old PyTorch)'
  // Eight bytes with the length of a JSON header, then the header.
  if (text.slice(4, 9) === '\0\0\0\0{') return 'safetensors'
  if (text.startsWith('version https://git-lfs'))
    return 'a Git LFS pointer, which stands for the file until `git lfs pull` fetches it'
  if (lower.startsWith('<!doctype html') || lower.startsWith('<html')) return 'an HTML page'
  if (lower.startsWith('{') || lower.startsWith('[')) return 'JSON'
  return undefined
}
