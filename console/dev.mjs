/**
 * The console with changes shown as they are saved: `npm run console`, beside a server that runs.
 * `ROUNDHOUSE_URL` names the server (http://localhost:3000), `PORT` where the console is to be (3001).
 */
import { createServer } from 'vite'
import { common, publicFolder } from './vite.mjs'

const { ROUNDHOUSE_URL: target = 'http://localhost:3000', PORT = '3001' } = process.env
// The server takes changes by cookie from its own origin alone.
const headers = { origin: target }
const proxied = [
  '/api',
  '/v1',
  '/v2',
  '/storage',
  '/mcp',
  '/docs',
  '/openapi.json',
  '/metrics',
  '/health',
  '/widget.js',
  '/a/',
  '/m/',
]

const server = await createServer({
  ...common(),
  publicDir: publicFolder,
  appType: 'spa',
  server: {
    host: '127.0.0.1',
    port: Number(PORT),
    strictPort: true,
    proxy: Object.fromEntries(
      proxied.map(path => [
        `^${path}(/|\\?|$)`.replace('//', '/'),
        { target, changeOrigin: true, headers, ws: true },
      ]),
    ),
  },
})
await server.listen()
server.printUrls()
