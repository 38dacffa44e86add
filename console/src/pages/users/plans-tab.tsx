import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { PlanList } from './plan-list.tsx'

const route = getRouteApi('/app/users/plans')

export function PlansTab(): ReactElement {
  const { open } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <PlanList
      open={open}
      onOpen={name => void navigate({ search: name === undefined ? {} : { open: name }, replace: true })}
    />
  )
}
