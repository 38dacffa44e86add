/** The same call for a shell and for programs. */
export function snippets({
  origin,
  id,
  input,
  isOpen,
}: {
  origin: string
  id: string
  /** JSON of `input_data`. */
  input: string
  /** Nobody needs a key. */
  isOpen: boolean
}): Record<'curl' | 'TypeScript' | 'Python', string> {
  const url = `${origin}/api/v1/models/${id}/predict`
  const body = `{"input_data":${input}}`
  return {
    curl: [
      `curl ${url} \\`,
      ...(isOpen ? [] : ['  -H "Authorization: Bearer $ROUNDHOUSE_KEY" \\']),
      "  -H 'Content-Type: application/json' \\",
      `  -d '${body.replaceAll("'", "'\\''")}'`,
    ].join('\n'),

    TypeScript: [
      "import { createClient } from '@roundhouse/sdk'",
      '',
      `const client = createClient({ baseUrl: '${origin}'${isOpen ? '' : ', token: process.env.ROUNDHOUSE_KEY'} })`,
      `const { output_data } = await client.models.predict('${id}', ${input})`,
      'console.log(output_data)',
    ].join('\n'),

    Python: [
      'import json',
      ...(isOpen ? [] : ['import os']),
      'from urllib.request import Request, urlopen',
      '',
      `body = r'''${body.replaceAll("'''", '\\u0027\\u0027\\u0027')}'''`,
      `headers = {"Content-Type": "application/json"${isOpen ? '' : ', "Authorization": "Bearer " + os.environ["ROUNDHOUSE_KEY"]'}}`,
      `with urlopen(Request("${url}", body.encode(), headers)) as reply:`,
      '    print(json.load(reply)["output_data"])',
    ].join('\n'),
  }
}
