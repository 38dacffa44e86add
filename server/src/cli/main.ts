import { Command } from 'commander'
import { packageVersion } from '../start/package-version.ts'
import { doctorCommand } from './doctor.ts'
import { initCommand } from './init.ts'
import { keysCreateCommand, keysListCommand, keysRevokeCommand } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { pushCommand } from './models-push.ts'
import { rotateSecretsCommand } from './secrets.ts'
import { startCommand } from './start.ts'
import {
  usersBanCommand,
  usersCreateCommand,
  usersCreditsCommand,
  usersListCommand,
  usersPlanCommand,
  usersRevokeCommand,
  usersRoleCommand,
  usersSetPasswordCommand,
  usersUnbanCommand,
} from './users.ts'

const program = new Command('roundhouse')
  .description(
    'The backend for AI apps: serves models and agents. Settings come from the environment: docs/configuration.md.',
  )
  .version(await packageVersion())
  .showHelpAfterError()

program.command('start').description('start the server, and everything it needs').action(startCommand)
program
  .command('init <dir>')
  .description('write a small project that runs into a new folder')
  .action(initCommand)
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

const users = program.command('users').description('manage the users of this server, beside it')
users
  .command('list')
  .description('list users, newest first: id, e-mail address, roles, plan')
  .option('--search <text>', 'part of a name or e-mail address, or an id')
  .action(usersListCommand)
users
  .command('create <email>')
  .description('make a user who signs in with a password')
  .option('--name <name>', 'what they are called; the e-mail address up to the @ when left out')
  .option('--admin', 'an administrator')
  .option('--password-stdin', 'read the password from standard input instead of making and printing one')
  .action(usersCreateCommand)
users
  .command('role <email-or-id> <role>')
  .description('make someone an administrator (admin), or no longer (member)')
  .action(usersRoleCommand)
users.command('plan <email-or-id> <plan>').description('change the plan').action(usersPlanCommand)
users
  .command('credits <email-or-id> <amount>')
  .description('grant credits; with a minus, after --, take back what is neither spent nor held')
  .option('--reason <text>', 'what the user reads in the ledger', 'grant')
  .action(usersCreditsCommand)
users.command('ban <email-or-id>').description('refuse a user everywhere').action(usersBanCommand)
users.command('unban <email-or-id>').description('let a user back in').action(usersUnbanCommand)
users
  .command('revoke <email-or-id>')
  .description('end every session and revoke every key of a user')
  .action(usersRevokeCommand)
users
  .command('set-password <email-or-id>')
  .description('give a user a new password and sign them out everywhere')
  .option('--password-stdin', 'read the password from standard input instead of making and printing one')
  .action(usersSetPasswordCommand)

const keys = program.command('keys').description('manage API keys, beside the server')
keys
  .command('create')
  .description('make a key and print it, this once')
  .option('--user <email-or-id>', 'whose; without it a key of the house: all rights within its scopes')
  .option('--name <name>', 'what it is for')
  .option(
    '--scopes <scopes>',
    'of predict, agents, files, read, admin, with commas between; all but admin when left out',
  )
  .option('--expires-days <days>', 'it ends after so many days')
  .action(keysCreateCommand)
keys
  .command('list')
  .description('list keys, newest first: id, beginning, name, scopes, end')
  .option('--user <email-or-id>', 'whose; without it those of the house')
  .action(keysListCommand)
keys.command('revoke <id>').description('revoke a key').action(keysRevokeCommand)

program
  .command('secrets')
  .description('work with stored secrets')
  .command('rotate')
  .description('encrypt every secret anew under the first key of ENCRYPTION_KEY')
  .action(rotateSecretsCommand)

try {
  await program.parseAsync()
} catch (error) {
  // Expected failures are one sentence; the rest has its stack.
  const expected = error instanceof Error && !/^(Type|Reference|Range|Syntax)Error$/.test(error.name)
  console.error(expected ? `roundhouse: ${error.message}` : error)
  // At once: whatever was left open must not make a failed command hang.
  process.exit(1)
}
