/** `npm start`: sets up, then starts the server as users run it. With `--source` from source, again after each edit. */
import { nodeFlags, runPinned } from './run.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2)
const fromSource = args.includes('--source')
const rest = args.filter(arg => arg !== '--source')

await setUp({ build: !fromSource })
if (fromSource)
  await runPinned(['--conditions=roundhouse-source', '--watch', 'server/src/cli/main.ts', 'start', ...rest])
else await runPinned([...nodeFlags, 'server/dist/cli/main.js', 'start', ...rest])
