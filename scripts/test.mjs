/** `npm test`: sets up, then runs every check and every test; `npm test -- server/src/kit` runs the tests below a path. */
import { runPinned } from './run.mjs'
import { setUp } from './setup.mjs'

await setUp()
await runPinned(['--conditions=roundhouse-source', 'scripts/run-tests.ts', ...process.argv.slice(2)])
