import { Command } from 'commander'
import { packageVersion } from '../start/package-version.ts'
import { doctorCommand } from './doctor.ts'
import { migrateCommand } from './migrate.ts'
import { pushCommand } from './models-push.ts'
import { startCommand } from './start.ts'

const program = new Command('roundhouse')
  .description(
    'The backend for AI apps: serves models and agents. Settings come from the environment: docs/configuration.md.',
  )
  .version(await packageVersion())
  .showHelpAfterError()

program.command('start').description('start the server, and everything it needs').action(startCommand)
program.command('migrate').description('bring the database up to this version').action(migrateCommand)
program
  .command('doctor')
  .description('check that this machine and configuration can run the server')
  .action(doctorCommand)

const models = program.command('models').description('work with the models of a running server')
models
  .command('push <file>')
  .description('upload an ONNX file, check it and serve it')
  .requiredOption('--name <name>', 'name of the model')
  .option('--model-version <version>', 'version; the next whole number when left out')
  .option('--url <url>', 'the server', process.env.ROUNDHOUSE_URL ?? 'http://localhost:3000')
  .option('--key <key>', 'API key; ROUNDHOUSE_KEY, else the development key of this folder')
  .action(pushCommand)

try {
  await program.parseAsync()
} catch (error) {
  // Expected failures are one sentence; the rest has its stack.
  const expected = error instanceof Error && !/^(Type|Reference|Range|Syntax)Error$/.test(error.name)
  console.error(expected ? `roundhouse: ${error.message}` : error)
  // At once: whatever was left open must not make a failed command hang.
  process.exit(1)
}
