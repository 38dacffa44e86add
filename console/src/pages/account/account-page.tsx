import { Link } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import type { ReactElement } from 'react'
import { useMe } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { buttonLook } from '../../ui/button.tsx'
import { Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Card, Facts, Page, Section } from '../../ui/page.tsx'
import { Notice } from '../../ui/state.tsx'
import { Moment } from '../../ui/time.tsx'
import { Credits } from './credits.tsx'
import { PasswordForm } from './password-form.tsx'
import { PlanFacts } from './plan-facts.tsx'
import { Sessions } from './sessions.tsx'

/** The caller themselves. */
export function AccountPage(): ReactElement {
  const me = useMe()
  const self = useApi(['me'], (client, options) => client.me(options))
  const known = self.data ?? me
  return (
    <Page
      title="Account"
      about="You, as this server knows you."
      actions={
        <>
          <CopyAsCurl call={self.call} />
          <Link to="/keys" className={buttonLook()}>
            <KeyRound aria-hidden="true" className="size-4" />
            API keys
          </Link>
        </>
      }
    >
      <div className="grid items-start gap-x-6 lg:grid-cols-2">
        <Section title="You">
          <Card>
            <Facts
              facts={[
                ['Name', known.name ?? 'none'],
                ['E-mail', known.email ?? 'none'],
                ['Roles', known.roles.join(', ')],
                ['Account of', known.issuer ?? 'this server'],
                [
                  'Since',
                  known.created_at === null ? 'not known' : <Moment key="since" at={known.created_at} />,
                ],
                [
                  'User id',
                  known.id === null ? 'none' : <Identifier key="id" value={known.id} label="user id" />,
                ],
              ]}
            />
          </Card>
        </Section>
        <Section title={`Plan ${known.plan.name}`}>
          <Card>
            <PlanFacts plan={known.plan} />
          </Card>
        </Section>
      </div>
      <Section title="Credits" about="What your work may cost. Held is set aside for work under way.">
        <Credits />
      </Section>
      <div className="grid items-start gap-x-6 xl:grid-cols-[minmax(0,2fr)_minmax(24rem,1fr)]">
        <Section
          title="Signed in"
          about="Every place where you are signed in. Ending one signs out there within seconds."
        >
          <Sessions />
        </Section>
        <Section title="Password">
          {known.issuer === null ? (
            <PasswordForm />
          ) : (
            <Notice tone="info">Your account is one of {known.issuer}: change its password there.</Notice>
          )}
        </Section>
      </div>
    </Page>
  )
}
