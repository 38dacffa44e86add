import type { ReactElement } from 'react'
import { useIsAdmin } from '../../../app/me.ts'
import { Button } from '../../../ui/button.tsx'
import { CodeBlock } from '../../../ui/copy.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Section } from '../../../ui/page.tsx'
import { Notice } from '../../../ui/state.tsx'
import { useEditor } from './editor.ts'
import { faultAt } from './faults.ts'

export function BackendPart(): ReactElement {
  const { agent, draft, set, fault } = useEditor()
  const isAdmin = useIsAdmin()
  const error = faultAt(fault, 'railway_url')
  return (
    <Section
      title="Own backend"
      about="A backend of yours runs the agent in the place of this server, on Railway or anywhere else. Callers notice nothing: the run, its events, limits and credits stay here."
    >
      <div className="grid max-w-3xl gap-4">
        {!isAdmin && (
          <Notice tone="info">
            Only administrators choose a backend, since what is said and the secret of this server go there.
            You may keep it or take it away.
          </Notice>
        )}
        <TextField
          label="Address of the backend"
          type="url"
          placeholder="https://agents.example.com/execute"
          value={draft.railway_url ?? ''}
          disabled={!isAdmin}
          onChange={event => set('railway_url', event.target.value === '' ? null : event.target.value)}
          hint="https, or http on this machine or in a private network. Empty: this server runs the agent."
          spellCheck={false}
          className="font-mono"
          {...(error !== undefined && { error })}
        />
        {!isAdmin && draft.railway_url !== null && (
          <div>
            <Button onClick={() => set('railway_url', null)}>Take the backend away</Button>
          </div>
        )}
        <ol className="grid list-decimal gap-2 pl-5 text-sm text-quiet">
          <li>
            Give this server and the backend the same secret:{' '}
            <code className="font-mono">RAILWAY_BACKEND_SECRET</code>.
          </li>
          <li>
            For each run this server sends the request below to the address, with that secret as{' '}
            <code className="font-mono">x-railway-secret</code> and the id of the run as{' '}
            <code className="font-mono">Idempotency-Key</code>. When a process dies the next one asks again
            with the same key.
          </li>
          <li>
            The backend answers with events, one per <code className="font-mono">data:</code> line, and ends
            with <code className="font-mono">done</code> or <code className="font-mono">error</code>. One that
            sends nothing for 120 s is given up.
          </li>
        </ol>
        <CodeBlock label="Request to the backend" code={requestTo(draft.railway_url, agent.id)} />
        <CodeBlock label="Answer of the backend" code={answer} />
      </div>
    </Section>
  )
}

function requestTo(address: string | null, id: string): string {
  const url =
    address !== null && URL.canParse(address)
      ? new URL(address)
      : new URL('https://agents.example.com/execute')
  return `POST ${url.pathname} HTTP/1.1
Host: ${url.host}
Content-Type: application/json
x-railway-secret: <RAILWAY_BACKEND_SECRET>
Idempotency-Key: <id of the run>

{
  "agentId": "${id}",
  "userId": "<who asks>",
  "agentConfig": { "system_prompt": "...", "ai_model": "...", "temperature": 0.7, "max_tokens": 1000 },
  "messages": [{ "role": "user", "content": "Hello" }],
  "stream": true
}`
}

const answer = `data: {"type":"chunk","content":"Hel"}

data: {"type":"done","response":"Hello","executionTime":1234}`
