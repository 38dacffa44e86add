-- How often another process took the job up because the one that had it was gone. Unlike `crashes` it is never forgotten
-- when the job gets on; a replay begins it anew.
alter table jobs add column takeovers integer not null default 0 check (takeovers >= 0);

-- The reports of one template, newest first.
create index reports_by_template on reports (template, id desc);
