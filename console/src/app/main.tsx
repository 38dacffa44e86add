import { createClient } from '@roundhouse/sdk'
import { RoundhouseProvider } from '@roundhouse/sdk/react'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueries } from './queries.ts'
import { createConsoleRouter } from './router.tsx'

const client = createClient({ baseUrl: '', maxRetries: 1 })
const queries = createQueries()
const router = createConsoleRouter()
const root = document.getElementById('app')
if (!root) throw new Error('The page has no element with the id "app".')

createRoot(root).render(
  <StrictMode>
    <RoundhouseProvider client={client}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </RoundhouseProvider>
  </StrictMode>,
)
