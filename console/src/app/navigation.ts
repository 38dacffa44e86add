import {
  Activity,
  Boxes,
  ChartLine,
  CirclePlay,
  Clock,
  FileText,
  FolderClosed,
  Gauge,
  KeyRound,
  LibraryBig,
  ListTree,
  type LucideIcon,
  MessagesSquare,
  ScrollText,
  Settings,
  Users,
} from 'lucide-react'

export type Destination = {
  label: string
  /** An address without parameters. */
  to:
    | '/'
    | '/models'
    | '/agents'
    | '/collections'
    | '/runs'
    | '/jobs'
    | '/schedules'
    | '/files'
    | '/reports'
    | '/keys'
    | '/users'
    | '/logs'
    | '/metrics-view'
    | '/settings'
  icon: LucideIcon
  /** Others are shown why it is not for them when they come by the address. */
  adminOnly?: boolean
}

/** The places of the console, in groups, in the order of a day's work. */
export const navigation: readonly { title: string; places: readonly Destination[] }[] = [
  { title: '', places: [{ label: 'Overview', to: '/', icon: Gauge }] },
  {
    title: 'Build',
    places: [
      { label: 'Models', to: '/models', icon: Boxes },
      { label: 'Agents', to: '/agents', icon: MessagesSquare },
      { label: 'Knowledge', to: '/collections', icon: LibraryBig },
      { label: 'Reports', to: '/reports', icon: FileText },
      { label: 'Files', to: '/files', icon: FolderClosed },
    ],
  },
  {
    title: 'Run',
    places: [
      { label: 'Runs', to: '/runs', icon: ListTree },
      { label: 'Jobs', to: '/jobs', icon: CirclePlay },
      { label: 'Schedules', to: '/schedules', icon: Clock },
    ],
  },
  {
    title: 'Watch',
    places: [
      { label: 'Logs', to: '/logs', icon: ScrollText, adminOnly: true },
      { label: 'Metrics', to: '/metrics-view', icon: ChartLine, adminOnly: true },
    ],
  },
  {
    title: 'Manage',
    places: [
      { label: 'API keys', to: '/keys', icon: KeyRound },
      { label: 'Users', to: '/users', icon: Users, adminOnly: true },
      { label: 'Settings', to: '/settings', icon: Settings, adminOnly: true },
    ],
  },
]

/** The readable API of this server; a page of the server, not of the console. */
export const apiDocs = { label: 'API docs', href: '/docs', icon: Activity }
