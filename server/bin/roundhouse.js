#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `Roundhouse needs Node 24 or newer; this is Node ${process.versions.node}. Install it from nodejs.org.`,
  )
  process.exit(1)
}
// Compiled code is kept in the temporary folder between starts.
enableCompileCache()
await import('../dist/cli/main.js')
