import { busContract } from '../../ports/bus.contract.ts'
import { createInProcessBus } from './in-process.ts'

busContract('in-process bus', async () => createInProcessBus())
