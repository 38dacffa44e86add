import { ChartLine, Table2 } from 'lucide-react'
import type { ReactElement } from 'react'
import { Button } from './button.tsx'

/** Charts as tables, and back. */
export function AsTableSwitch({
  asTable,
  onChange,
}: {
  asTable: boolean
  onChange: (asTable: boolean) => void
}): ReactElement {
  return (
    <Button
      look="quiet"
      size="small"
      icon={asTable ? <ChartLine className="size-3.5" /> : <Table2 className="size-3.5" />}
      onClick={() => onChange(!asTable)}
    >
      {asTable ? 'Show charts' : 'Show tables'}
    </Button>
  )
}
