/** `npm run screenshots`: sets up, then takes pictures of the console. */
import { runPinned } from './run.mjs'
import { setUp } from './setup.mjs'

await setUp()
await runPinned(['--conditions=roundhouse-source', 'scripts/screenshots.ts', ...process.argv.slice(2)])
