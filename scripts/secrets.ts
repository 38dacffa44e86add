/** Kinds of credentials by their published shapes, and what they are called when one is found. */
const shapes: readonly { kind: string; shape: RegExp }[] = [
  { kind: 'private key', shape: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/g },
  { kind: 'private key (JWK)', shape: /"d"\s*:\s*"[\w-]{40,}"/g },
  { kind: 'API key of this server', shape: /\brh_[\w-]{43}/g },
  { kind: 'GitHub token', shape: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})/g },
  { kind: 'npm token', shape: /\bnpm_[A-Za-z0-9]{36}/g },
  { kind: 'secret key of a model provider', shape: /\bsk-[\w-]{20,}/g },
  { kind: 'Stripe key', shape: /\b[rs]k_live_[A-Za-z0-9]{16,}/g },
  { kind: 'AWS access key', shape: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { kind: 'Google API key', shape: /\bAIza[\w-]{35}/g },
  { kind: 'Slack token', shape: /\bxox[abeoprs]-[\w-]{10,}/g },
  { kind: 'Supabase key', shape: /\b(?:sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,})/g },
  { kind: 'signed token (JWT)', shape: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/g },
  // Shorter passwords are examples ("user:password@"), and $ or { one that a program fills in.
  { kind: 'password in an address', shape: /\b[a-z][a-z+]+:\/\/[^\s:/@]*:[^\s:/@${}]{16,}@/g },
]

/** By their names; `.env.example` says what belongs in one. */
const secretFile =
  /(?:^|\/)(?:\.env(?!\.example$)(?:\..+)?|service-role-key|id_[a-z0-9]+|.+\.(?:pem|p12|pfx|key))$/

/** What looks like a credential in a file, as `path:line kind`; the credential itself is not repeated. */
export function findSecrets(path: string, text: string): string[] {
  const found = shapes.flatMap(({ kind, shape }) =>
    [...text.matchAll(shape)].map(({ index }) => `${path}:${lineAt(text, index)} ${kind}`),
  )
  return secretFile.test(path) ? [`${path} is a file for secrets`, ...found] : found
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
