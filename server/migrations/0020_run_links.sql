-- Runs that the tool of another run began: which it was, and how many stand above.
alter table runs add column parent_run_id uuid;
alter table runs add column depth smallint not null default 0 check (depth >= 0);
create index runs_by_parent on runs (parent_run_id) where parent_run_id is not null;
