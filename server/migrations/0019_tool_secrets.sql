-- Where tools of agents may send a secret: `host`, or `host:port` where the port is not 443. Empty is nowhere.

alter table secrets add column hosts text[] not null default '{}'
  check (cardinality(hosts) <= 50 and array_position(hosts, null) is null);
