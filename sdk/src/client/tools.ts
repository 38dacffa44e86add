import { type ImportedApi, type ImportOpenApi, importedApi } from '../contract/openapi-import.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/** Tools for agents. Every call throws what `Send` throws, and UnexpectedReply. */
export type ToolsClient = {
  /**
   * A tool for each operation that a document of OpenAPI describes, to be put into the `tools` of an agent. Nothing is
   * kept. @throws Problem `invalid-request`, `address-refused`, `address-failed`.
   */
  importOpenApi(source: ImportOpenApi, options?: CallOptions): Promise<ImportedApi>
}

export function createToolsClient(send: Send): ToolsClient {
  return {
    async importOpenApi(source, options) {
      const call = jsonCall('POST', '/api/v1/tools/openapi', JSON.stringify(source))
      return readReply(importedApi, await send(call, options))
    },
  }
}
