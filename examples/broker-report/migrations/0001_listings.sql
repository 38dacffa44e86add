create table listings (
  -- The user who sells it: the `sub` of their token.
  broker uuid not null,
  address text not null,
  town text not null,
  area_m2 numeric not null check (area_m2 > 0),
  primary key (broker, address)
);

create table town_prices (
  town text not null,
  month date not null check (extract(day from month) = 1),
  -- Euros.
  price_per_m2 numeric not null check (price_per_m2 > 0),
  primary key (town, month)
);
