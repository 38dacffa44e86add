/** `npm run bench`: sets up, then measures. */
import { runPinned } from './run.mjs'
import { setUp } from './setup.mjs'

await setUp()
await runPinned(['--conditions=roundhouse-source', 'bench/main.ts', ...process.argv.slice(2)])
