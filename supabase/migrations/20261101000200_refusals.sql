-- How a call is refused, and the checks of form that several files make.

-- The status of each code. The catalogue with texts for people is functions/_shared/errors.ts; a test compares
-- the two.
create or replace function permafrost.http_status_of(p_code text) returns integer
language sql immutable set search_path = pg_catalog, pg_temp
return case
  when p_code in ('invalid_input') then 400
  when p_code in ('not_in_family', 'not_a_participant', 'not_a_signer', 'not_the_creator') then 403
  when p_code in ('session_not_found') then 404
  when p_code in ('nonce_reused', 'commitment_already_submitted', 'share_already_submitted',
    'round_closed', 'round_open', 'invalid_transition', 'session_finished', 'share_owed', 'key_retired') then 409
  when p_code in ('session_expired') then 410
  when p_code in ('no_key_package', 'message_hash_invalid', 'participants_invalid',
    'threshold_invalid', 'commitment_invalid', 'share_invalid', 'key_package_invalid',
    'event_mismatch', 'host_key_invalid', 'ceremony_message_invalid') then 422
  when p_code in ('rate_limited') then 429
end;
comment on function permafrost.http_status_of(text) is 'The HTTP status of an error code; null for an unknown one.';

-- PostgREST answers SQLSTATE PTxyz with HTTP status xyz, and passes the hint on: the hint is the code.
create or replace function permafrost.refuse(p_code text, p_message text, p_detail text default null) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_detail is null then
    raise exception using errcode = 'PT' || permafrost.http_status_of(p_code), hint = p_code, message = p_message;
  end if;
  raise exception using errcode = 'PT' || permafrost.http_status_of(p_code), hint = p_code, message = p_message, detail = p_detail;
end;
$$;
comment on function permafrost.refuse(text, text, text) is
  'Raises the refusal p_code (SQLSTATE PT and its status, the code as hint). Never returns.';

-- The length comes first in every check: a regular expression over 40 MB takes seconds.
create or replace function permafrost.is_identifier(p_value text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(case when octet_length(p_value) <= 1020
    then char_length(p_value) between 1 and 255 and p_value !~ '[[:cntrl:]]' end, false);
end;
$$;
comment on function permafrost.is_identifier(text) is
  'True for 1 to 255 characters without control characters: families, participants and sessions.';

create or replace function permafrost.check_identifier(p_column text, p_value text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if not permafrost.is_identifier(p_value) then
    perform permafrost.refuse('invalid_input', format('%s must be 1 to 255 characters, none of them control characters', p_column));
  end if;
end;
$$;
comment on function permafrost.check_identifier(text, text) is 'Refuses invalid_input unless the value is an identifier.';

-- Lower case only, so that one point has one spelling and uniqueness of text is uniqueness of points.
create or replace function permafrost.is_hex(p_value text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(case when octet_length(p_value) <= 65536 then p_value ~ '^([0-9a-f]{2})+$' end, false);
end;
$$;
comment on function permafrost.is_hex(text) is 'True for 1 to 32,768 bytes in lower-case hex.';

create or replace function permafrost.check_participants(p_participants text[]) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if array_ndims(p_participants) is distinct from 1 or array_lower(p_participants, 1) <> 1
    or cardinality(p_participants) > 255
    -- Members are shown each other's lists: together they must stay readable.
    or (select sum(octet_length(p)) > 16384 or count(distinct p) <> count(*) or not bool_and(permafrost.is_identifier(p))
      from unnest(p_participants) as p)
  then
    perform permafrost.refuse('participants_invalid', 'Participants must be 1 to 255 distinct identifiers, of 16,384 bytes together at most');
  end if;
end;
$$;
comment on function permafrost.check_participants(text[]) is
  'Refuses participants_invalid unless there are 1 to 255 distinct identifiers, of 16,384 bytes together at most. RFC 9591 identifiers are positions in such a list, from 1.';

create or replace function permafrost.check_reason(p_reason text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(p_reason) > 4000 or p_reason is null or char_length(p_reason) > 1000 or p_reason !~ '[^[:space:]]' then
    perform permafrost.refuse('invalid_input', 'A reason must be 1 to 1,000 characters, not all of them spaces');
  end if;
end;
$$;
comment on function permafrost.check_reason(text) is 'Refuses invalid_input unless the text can be a reason.';

-- A caller that waited for its turn must see what was done meanwhile. A transaction that keeps its first
-- snapshot would not, and could leave something half changed.
create or replace function permafrost.check_isolation() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise feature_not_supported using
      message = format('Permafrost changes nothing under isolation level %s', current_setting('transaction_isolation')),
      detail = 'Use read committed, the default';
  end if;
end;
$$;
comment on function permafrost.check_isolation() is 'Raises 0A000 in a transaction that keeps its first snapshot.';

-- Two locks keep members from writing past the RPCs: no grant, and this trigger, for a project whose grants are
-- wider than the migrations made them. Members are the roles that policies bind.
-- Security definer only so that it may be fired by every role.
create or replace function permafrost.tg__05_no_members() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using
    message = format('%s is written by functions and operators alone', tg_table_name);
end;
$$;

create or replace function permafrost.tg__append_only() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform permafrost.refuse('invalid_transition', format('%s.%s is append-only', tg_table_schema, tg_table_name));
  return null;
end;
$$;

-- TRUNCATE fires no row triggers, and with CASCADE it reaches tables that it does not name.
create or replace function permafrost.tg__no_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform permafrost.refuse('invalid_transition', format('%s.%s is never truncated', tg_table_schema, tg_table_name));
  return null;
end;
$$;

create or replace procedure permafrost.protect(p_table regclass, p_commands text default 'insert or update or delete')
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text := (select relname from pg_class where oid = p_table);
begin
  execute format('create or replace trigger tg_%1$s__05_no_members before %2$s on %3$s for each statement
    when (row_security_active(%3$L)) execute function permafrost.tg__05_no_members()', v_name, p_commands, p_table);
  execute format('create or replace trigger tg_%1$s__no_truncate before truncate on %2$s
    for each statement execute function permafrost.tg__no_truncate()', v_name, p_table);
end;
$$;
comment on procedure permafrost.protect(regclass, text) is
  'Gives a table the two triggers that refuse p_commands of members, and TRUNCATE of everybody.';

revoke all on function permafrost.http_status_of(text), permafrost.refuse(text, text, text), permafrost.is_identifier(text),
  permafrost.check_identifier(text, text), permafrost.is_hex(text), permafrost.check_participants(text[]),
  permafrost.check_reason(text), permafrost.check_isolation(), permafrost.tg__05_no_members(), permafrost.tg__append_only(),
  permafrost.tg__no_truncate() from public, anon, authenticated, service_role;
revoke all on procedure permafrost.protect(regclass, text) from public, anon, authenticated, service_role;
