import type { QueryDeclaration, ToolDeclaration } from '@roundhouse/sdk/config'
import type { Credits } from '../credits/credits.ts'
import type { Files } from '../files/files.ts'
import type { Log } from '../kit/log.ts'
import type { AppSql } from '../ports/app-sql.ts'
import type { Outbound } from '../ports/outbound.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { Predictions } from '../predictions/predictions.ts'
import type { Reports } from '../reports/reports.ts'
import { codeTool } from '../runs/tools/code.ts'
import { filesTool } from '../runs/tools/files.ts'
import { queryTool } from '../runs/tools/query.ts'
import { reportTool } from '../runs/tools/report.ts'
import type { ToolOpeners } from '../runs/tools/toolbox.ts'
import { createToolContext } from '../tasks/tool-context.ts'

export type HouseToolRooms = {
  files: Pick<Files, 'buckets' | 'listing' | 'objects' | 'links'>
  reports: Pick<Reports, 'templates' | 'create'>
  credits: Pick<Credits, 'prices' | 'chargeIn'>
  predictions: Pick<Predictions, 'find' | 'predict'>
  codec: Pick<TensorCodec, 'decodeNamed' | 'encodeNamed'>
  /** What `roundhouse.config.ts` declares for agents. */
  declarations: { queries?: QueryDeclaration[] | undefined; tools?: ToolDeclaration[] | undefined }
  appSql: Pick<AppSql, 'sql' | 'read'>
  outbound: Pick<Outbound, 'fetch'>
  publicUrl: string
  log: Log
}

/** Tools made of what this server has itself: files, reports, and what its configuration declares. */
export function houseTools(rooms: HouseToolRooms): Pick<ToolOpeners, 'query' | 'code' | 'files' | 'report'> {
  const { declarations, appSql } = rooms
  const { queries = [], tools = [] } = declarations
  const lent = { ...rooms, sql: appSql.sql }
  return {
    query: (caller, spec) => queryTool({ queries, appSql }, caller, spec),
    code: (_caller, spec) =>
      codeTool({ tools, lend: (tool, call) => createToolContext(lent, tool, call) }, spec),
    files: (caller, spec) => filesTool(rooms.files, caller, spec),
    report: (caller, spec) => reportTool(rooms, caller, spec),
  }
}
