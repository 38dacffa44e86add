import { defineConfig } from '@roundhouse/sdk/config'
import { desk } from './desk.ts'
import { listings } from './listings.ts'
import { property } from './property.ts'

export default defineConfig({
  migrations: 'migrations',
  // Fetched from the bucket `models` at start; the server is not ready without it.
  models: [{ name: 'price-forecast', path: 'price-forecast.onnx', price: 2 }],
  tasks: [listings],
  queries: [property],
  agents: [desk],
})
