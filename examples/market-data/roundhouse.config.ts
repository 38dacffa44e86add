import { defineConfig } from '@roundhouse/sdk/config'
import { instruments } from './instruments.ts'
import { prices } from './prices.ts'

export default defineConfig({
  migrations: 'migrations',
  tasks: [instruments, prices],
})
