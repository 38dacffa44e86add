import { randomUUID } from 'node:crypto'
import { json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const signedIn = (call: Row['call']): Row => ({ kind: 'signedIn', call })
const messages = [{ role: 'user', content: 'Hello' }]

function rpc(method: string): RequestInit {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  return { ...json('POST', { jsonrpc: '2.0', id: 1, method, params: {} }), headers }
}

/** Other doors of the agents and the models of providers. The WebSocket is no operation of the description. */
export const surfaceMatrix: Readonly<Record<string, Row>> = {
  'GET /v1/models': signedIn(() => ({ path: '/v1/models' })),
  'GET /v1/models/{*}': signedIn(() => ({ path: '/v1/models/demo/demo' })),
  'POST /v1/chat/completions': signedIn(() => ({
    path: '/v1/chat/completions',
    init: json('POST', { model: 'demo/demo', messages }),
  })),
  'POST /v1/embeddings': signedIn(() => ({
    path: '/v1/embeddings',
    init: json('POST', { model: 'demo/demo-embedding', input: ['Hello'] }),
  })),
  // Nobody has the free public models as tools; keys of files alone have none.
  'POST /mcp': {
    kind: 'open',
    call: () => ({ path: '/mcp', init: rpc('tools/list') }),
    except: { wrongScope: [403], adminWrongScope: [403] },
  },
  'GET /api/agent/health': { kind: 'open', call: () => ({ path: '/api/agent/health' }) },
  'POST /api/agent/execute': {
    kind: 'owned',
    call: async f => ({
      path: '/api/agent/execute',
      init: json('POST', { agentId: await f.agent(), messages }),
    }),
  },
  // Who has the secret of the backend may, whoever they are; nobody else.
  'POST /api/agent/execute-validated': {
    kind: 'entrance',
    call: async f => ({
      path: '/api/agent/execute-validated',
      init: json('POST', { agentId: await f.agent(), userId: randomUUID(), messages, agentConfig: {} }),
    }),
  },
}
