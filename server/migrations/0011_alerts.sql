-- What is wrong with the house, and the messages about it.

create table alerts (
  id uuid primary key,
  -- Two findings of one key are the same trouble.
  key text not null check (length(key) between 1 and 200),
  type text not null,
  severity text not null check (severity in ('critical', 'warning')),
  summary text not null,
  details jsonb not null,
  opened_at timestamptz not null,
  -- By any replica.
  last_seen_at timestamptz not null,
  last_sent_at timestamptz not null,
  resolved_at timestamptz,
  -- Whether receivers were told that it is open, and not yet that it is over.
  told boolean not null default true,
  -- Over, and so long ago that the same trouble is a new alert.
  retired boolean not null default false,
  check (resolved_at is not null or not retired)
);
create unique index alerts_current on alerts (key) where not retired;
create index alerts_resolved on alerts (resolved_at) where retired;

-- A message on its way through one channel. Kept, so that it outlives the process and is sent by whoever comes first.
create table alert_deliveries (
  id uuid primary key,
  alert_id uuid not null references alerts on delete cascade,
  channel text not null,
  message jsonb not null,
  attempts integer not null default 0 check (attempts >= 0),
  -- While it is being sent: when another replica may take it.
  next_attempt_at timestamptz not null,
  -- Why the last attempt failed.
  error text,
  created_at timestamptz not null,
  delivered_at timestamptz
);
create index alert_deliveries_due on alert_deliveries (channel, next_attempt_at) where delivered_at is null;
create index alert_deliveries_by_alert on alert_deliveries (alert_id);

alter table alerts enable row level security;
create policy alerts_read on alerts for select using ((select may_everything()));
create policy alerts_write on alerts for all using ((select is_system()));

alter table alert_deliveries enable row level security;
create policy alert_deliveries_read on alert_deliveries for select using ((select may_everything()));
create policy alert_deliveries_write on alert_deliveries for all using ((select is_system()));

grant select, insert, update, delete on alerts, alert_deliveries to roundhouse_app;
