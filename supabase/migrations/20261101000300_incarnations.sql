-- Which database this is. A database that was restored from yesterday has forgotten what was answered since: a
-- session that went on in it could ask a guardian to answer twice. So whatever is open belongs to the
-- incarnation it was made in, and has failed in every other one.

create table if not exists permafrost.incarnations (
  incarnation integer primary key,
  system_identifier bigint not null,
  timeline text not null,
  database_oid oid not null,
  ledger_oid oid not null,
  live_from integer not null check (live_from between 1 and incarnation),
  reason text not null,
  first_seen_at bigint not null default permafrost.now_ms()
);
alter table permafrost.incarnations enable row level security;
revoke all on table permafrost.incarnations from public, anon, authenticated, service_role;
comment on table permafrost.incarnations is 'Which databases this one has been, oldest first. Written when something is made in a new one.';
comment on column permafrost.incarnations.timeline is
  'The first eight characters of the current WAL file''s name. The control file still names the old timeline after a promotion.';
comment on column permafrost.incarnations.live_from is
  'What was made in this incarnation or an earlier one, back to this, goes on; what is older has failed.';
comment on column permafrost.incarnations.reason is 'created, found (the database had changed), declared or accepted.';

-- Security definer: policies and views call it; it reads the table, which no role may.
create or replace function permafrost.incarnation_now() returns permafrost.incarnations
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_newest permafrost.incarnations;
  v_now permafrost.incarnations;
begin
  select * into v_newest from permafrost.incarnations order by incarnation desc limit 1;
  if pg_is_in_recovery() -- a standby knows what its primary knew, and has no WAL of its own to compare
    or v_newest.timeline = left(pg_walfile_name(pg_current_wal_lsn()), 8)
      and v_newest.ledger_oid = to_regclass('permafrost.nonce_ledger')::oid
      -- where a table's files are: …/<database>/<file>; cheaper than a look into pg_database
      and v_newest.database_oid = split_part(pg_relation_filepath('permafrost.nonce_ledger'), '/', -2)::oid
      and v_newest.system_identifier = (pg_control_system()).system_identifier
  then
    return v_newest;
  end if;
  -- Not written down yet: nothing that is there was made in it.
  select coalesce(v_newest.incarnation, 0) + 1, c.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid,
    to_regclass('permafrost.nonce_ledger')::oid, coalesce(v_newest.incarnation, 0) + 1,
    case when v_newest.incarnation is null then 'created' else 'found' end
  into v_now from pg_control_system() as c, pg_database as d where d.datname = current_database();
  return v_now;
end;
$$;
comment on function permafrost.incarnation_now() is
  'The incarnation of this database, by what it is now; first_seen_at is null while nothing was made in it.';

-- Security definer: as incarnation_now().
create or replace function permafrost.live_from() returns integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((permafrost.incarnation_now()).live_from, 1);
end;
$$;
comment on function permafrost.live_from() is 'What was made in an incarnation before this one and is open has failed.';

create or replace function permafrost.enter_incarnation() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_now permafrost.incarnations := permafrost.incarnation_now();
begin
  if v_now.first_seen_at is null then
    v_now.first_seen_at := permafrost.now_ms();
    -- Two that are first at once write the same.
    insert into permafrost.incarnations select v_now.* on conflict (incarnation) do nothing;
  end if;
  return v_now.incarnation;
end;
$$;
comment on function permafrost.enter_incarnation() is 'The incarnation of what is made now; written down if it is new.';

create or replace function permafrost.declare_restored(p_reason text) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_now permafrost.incarnations := permafrost.incarnation_now();
begin
  perform permafrost.check_reason(p_reason);
  if v_now.first_seen_at is not null then
    v_now.incarnation := v_now.incarnation + 1;
  end if;
  v_now.live_from := v_now.incarnation;
  v_now.reason := 'declared: ' || p_reason;
  v_now.first_seen_at := permafrost.now_ms();
  insert into permafrost.incarnations select v_now.*;
  return v_now.incarnation;
end;
$$;
comment on function permafrost.declare_restored(text) is
  'For operators, after a restore that the database cannot tell by itself (a disk snapshot, a data-only restore): fails whatever is open. Returns the new incarnation. Refuses invalid_input.';

create or replace function permafrost.accept_incarnation() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_incarnation integer := permafrost.enter_incarnation();
begin
  update permafrost.incarnations as i
  set live_from = coalesce((select p.live_from from permafrost.incarnations as p where p.incarnation = i.incarnation - 1), 1),
    reason = 'accepted'
  where i.incarnation = v_incarnation;
  return v_incarnation;
end;
$$;
comment on function permafrost.accept_incarnation() is
  'For operators, right after a planned move or upgrade that lost nothing: lets what was open before it go on. Returns the incarnation.';

revoke all on function permafrost.incarnation_now(), permafrost.live_from(), permafrost.enter_incarnation(),
  permafrost.declare_restored(text), permafrost.accept_incarnation() from public, anon, authenticated, service_role;
-- Policies and views are evaluated as the caller.
grant execute on function permafrost.live_from() to authenticated, service_role;
