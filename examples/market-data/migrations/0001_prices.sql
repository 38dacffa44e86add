create table instruments (
  symbol text primary key check (symbol ~ '^[A-Z]{1,8}$'),
  name text not null
);

create table prices (
  symbol text not null references instruments,
  date date not null,
  close numeric not null check (close > 0),
  volume bigint not null check (volume >= 0),
  -- Of the provider: it grows with each correction of the day.
  revision integer not null check (revision > 0),
  changed_at timestamptz not null default now(),
  primary key (symbol, date)
);
