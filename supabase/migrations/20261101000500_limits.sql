-- What a member may use up. A member with a script could fill tables, lists and logs that others depend on.
-- Operators have no limits.

create table if not exists permafrost.limits (
  limit_name text not null,
  family_id text, -- null: of every family that has no row of its own
  value bigint not null check (value >= 0),
  constraint limits_name_family_key unique nulls not distinct (limit_name, family_id)
);
alter table permafrost.limits enable row level security;
revoke all on table permafrost.limits from public, anon, authenticated, service_role;
comment on table permafrost.limits is 'What a member may use up, by name; a row with a family replaces the general one for it. Operators edit it.';

insert into permafrost.limits (limit_name, value) values
  ('open_sessions', 1000), -- of one creator
  ('creations_per_minute', 600), -- of one creator
  ('recovery_shares_per_minute', 60), -- handed in by one guardian
  ('first_key_by_members', 1), -- whether a member may start a family's first ceremony; 0: operators only
  ('recorded_refusals_per_minute', 60), -- of one member; further ones are answered and counted, but get no row
  ('recorded_refusals_per_session', 100) -- of one member in one session for one code; likewise
on conflict do nothing;

create table if not exists permafrost.usage (
  family_id text not null,
  participant_id text not null,
  limit_name text not null,
  window_start bigint not null,
  used bigint not null,
  primary key (family_id, participant_id, limit_name, window_start)
);
-- expire_old_frost_signing_sessions forgets windows that are over
create index if not exists usage_window_idx on permafrost.usage (window_start);
alter table permafrost.usage enable row level security;
revoke all on table permafrost.usage from public, anon, authenticated, service_role;
comment on table permafrost.usage is 'How much of a limit was used in a window. The counting call locks its row.';
comment on column permafrost.usage.window_start is 'Milliseconds since the epoch; 0 for a limit that has no window.';

create or replace function permafrost.limit_of(p_limit_name text, p_family_id text) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select l.value from permafrost.limits as l
    where l.limit_name = p_limit_name and (l.family_id = p_family_id or l.family_id is null)
    order by l.family_id nulls last limit 1);
end;
$$;
comment on function permafrost.limit_of(text, text) is 'The value of a limit for a family; null where there is none.';

create or replace function permafrost.count_usage(
  p_limit_name text, p_family_id text, p_participant_id text, p_window_start bigint, p_amount bigint default 1
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_used bigint;
begin
  insert into permafrost.usage as u (family_id, participant_id, limit_name, window_start, used)
  values (p_family_id, p_participant_id, p_limit_name, p_window_start, p_amount)
  on conflict (family_id, participant_id, limit_name, window_start) do update set used = u.used + excluded.used
  returning u.used into v_used;
  return v_used;
end;
$$;
comment on function permafrost.count_usage(text, text, text, bigint, bigint) is 'Adds to what is used in a window, and returns the sum.';

create or replace function permafrost.refuse_rate(p_message text, p_retry_after_ms bigint) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  perform permafrost.refuse('rate_limited', p_message,
    jsonb_build_object('retry_after_ms', greatest(1, p_retry_after_ms))::text);
end;
$$;
comment on function permafrost.refuse_rate(text, bigint) is
  'Raises rate_limited; the detail of the error is {"retry_after_ms": …}.';

create or replace function permafrost.check_rate(
  p_limit_name text, p_family_id text, p_participant_id text, p_now bigint, p_message text
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_window bigint := p_now - p_now % 60000;
begin
  if permafrost.count_usage(p_limit_name, p_family_id, p_participant_id, v_window) > permafrost.limit_of(p_limit_name, p_family_id) then
    perform permafrost.refuse_rate(p_message, v_window + 60000 - p_now);
  end if;
end;
$$;
comment on function permafrost.check_rate(text, text, text, bigint, text) is
  'Counts one more in this minute. Refuses rate_limited past the limit.';

revoke all on function permafrost.limit_of(text, text), permafrost.count_usage(text, text, text, bigint, bigint),
  permafrost.refuse_rate(text, bigint), permafrost.check_rate(text, text, text, bigint, text) from public, anon, authenticated, service_role;
