-- When a user last began a session here. Of users of foreign issuers nothing is known.
alter table users add column last_sign_in_at timestamptz;
update users set last_sign_in_at = (select max(created_at) from sessions where sessions.user_id = users.id);

create function note_sign_in() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  update users set last_sign_in_at = new.created_at where id = new.user_id;
  return null;
end $$;
create trigger sessions_note_sign_in after insert on sessions for each row execute function note_sign_in();

-- For the history of one thing, and of one administrator.
create index audit_entries_by_target on audit_entries (target, seq desc);
create index audit_entries_by_actor on audit_entries (actor_id, seq desc);
