-- Inputs and results of batch predictions: `<user id>/<job id>/input.csv`. Each user has the folder of their own id; what
-- is not paid yet lies in `house`. One that an administrator made before and opened is closed.
insert into buckets (id) values ('batches')
  on conflict (id) do update set public = false, open_folders = false, updated_at = now();
alter table buckets add constraint buckets_batches_closed check (id <> 'batches' or not (public or open_folders));
