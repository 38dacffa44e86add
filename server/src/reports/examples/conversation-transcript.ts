import type { ConversationTranscript } from '@roundhouse/sdk/contract'

/** A conversation with an agent that calls a tool. */
export const transcriptExample: ConversationTranscript = {
  title: 'Late delivery of order 58211',
  subtitle: 'Support conversation, closed by the customer',
  date: '2026-11-21',
  reference: 'thread 7c1f',
  agent: 'Delivery desk',
  model: 'support-large',
  messages: [
    {
      role: 'user',
      name: 'Ana Kovač',
      at: '2026-11-21T09:14:00Z',
      text: 'Hello, my order 58211 was to be here on Wednesday. It is Saturday and the tracking page still says “in transit”. What is going on?',
    },
    {
      role: 'assistant',
      name: 'Delivery desk',
      at: '2026-11-21T09:14:06Z',
      text: 'I am sorry about the wait. Let me look where the parcel is.',
    },
    {
      role: 'tool',
      name: 'track_parcel',
      at: '2026-11-21T09:14:07Z',
      text: '```json\n{\n  "order": 58211,\n  "carrier": "EuroParcel",\n  "last_scan": "2026-11-19T17:40:00Z",\n  "place": "Linz sorting centre",\n  "status": "held: address label damaged"\n}\n```',
    },
    {
      role: 'assistant',
      name: 'Delivery desk',
      at: '2026-11-21T09:14:11Z',
      text: 'The parcel is at the sorting centre in Linz. Its address label was damaged on Thursday evening, and since then it has been held.\n\nI have sent the carrier your address again. There are two ways to go on:\n\n| | New label | Second parcel |\n|:--|:--|:--|\n| Sent from | Linz | Vienna |\n| With you on | Tuesday, 24 November | **Monday, 23 November** |\n| Costs | nothing | nothing |\n\nWhich do you prefer?',
    },
    {
      role: 'user',
      name: 'Ana Kovač',
      at: '2026-11-21T09:17:32Z',
      text: 'The second, please. Will I be charged twice?',
    },
    {
      role: 'assistant',
      name: 'Delivery desk',
      at: '2026-11-21T09:17:40Z',
      text: 'No, **you are charged once**:\n\n- The second parcel costs you nothing.\n- The shipping of the first one is refunded: €6.90, on your card within three working days.\n- The first parcel goes back by itself. You need not do anything.',
    },
    { role: 'user', name: 'Ana Kovač', at: '2026-11-21T09:18:05Z', text: 'Thank you, that is fine.' },
  ],
  time_zone: 'Europe/Vienna',
  note: 'The conversation is shown in full and unchanged.',
}
