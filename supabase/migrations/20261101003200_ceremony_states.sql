-- The states of a ceremony: which edges there are, what must hold to enter a state, and how the last confirmation makes
-- the new key the family's current one, in its own transaction. The law does the rest.

insert into permafrost.kinds (kind, relation, id_column, noun, method, key_column, taking_part, for_family, awaiting, cleaned_from, created_detail) values
  -- A completed ceremony is where the shares of its key come back from: cleanup leaves it.
  ('ceremony', 'public.frost_key_ceremonies', 'ceremony_id', 'ceremony', 'ceremony', 'current_key_package_id',
    '(t.participants || t.dealers)', true, '%1$s = any (permafrost.missing_senders(t, permafrost.round_of(t.status)))', 'failed',
    '{kind,protocol,ciphersuite,threshold,participants,host_public_keys,dealers,dealer_host_public_keys,from_key_package_id,params_id,expires_at}')
on conflict (kind) do update set relation = excluded.relation, id_column = excluded.id_column, noun = excluded.noun,
  method = excluded.method, key_column = excluded.key_column, taking_part = excluded.taking_part, for_family = excluded.for_family, awaiting = excluded.awaiting,
  cleaned_from = excluded.cleaned_from, created_detail = excluded.created_detail;

-- Events are for ever, and a key that is dealt anew is not to be recovered from them: no ciphertext of an honest device's
-- stands in one. What was refused does, as its sender signed it; an honest device signs nothing that is refused.
insert into permafrost.transitions (kind, from_status, to_status, event, detail) values
  ('ceremony', 'round_one', 'round_two', 'round_one_closed', '{}'),
  ('ceremony', 'round_one', 'confirming', 'confirming', '{key_package}'),
  ('ceremony', 'round_two', 'confirming', 'confirming', '{key_package}'),
  ('ceremony', 'confirming', 'completed', 'completed', '{key_package_id}')
on conflict do nothing;
insert into permafrost.transitions (kind, from_status, to_status, event)
select 'ceremony', f, t, t from unnest('{round_one,round_two,confirming}'::text[]) as f, unnest('{failed,expired}'::text[]) as t
on conflict do nothing;

insert into permafrost.settable (kind, column_name, while_open, event, how) values
  ('ceremony', 'coordinator_messages', true, null, 'grows'),
  ('ceremony', 'recovery_data', true, null, 'once'),
  ('ceremony', 'key_package', true, null, 'once'),
  ('ceremony', 'blamed', true, 'blamed', 'grows'),
  -- When the key is dealt anew.
  ('ceremony', 'coordinator_messages', false, 'redacted', 'redacts'),
  ('ceremony', 'recovery_data', false, 'redacted', 'redacts')
on conflict do nothing;

call permafrost.rule('ceremony');

-- Who sends, and who is missing ---------------------------------------------------------------------------------------

create or replace function permafrost.senders(p_ceremony public.frost_key_ceremonies, p_round integer) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_ceremony.kind <> 'reshare' or p_round = 3 then p_ceremony.participants
    when p_round = 1 then p_ceremony.dealers else '{}' end;
end;
$$;
comment on function permafrost.senders(public.frost_key_ceremonies, integer) is 'Who sends a message in a round: dealers, or participants, or nobody.';

create or replace function permafrost.missing_senders(p_ceremony public.frost_key_ceremonies, p_round integer) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return array(select p from unnest(permafrost.senders(p_ceremony, p_round)) with ordinality as u (p, n)
    where not exists (select from public.frost_ceremony_messages as m
      where m.ceremony_id = p_ceremony.ceremony_id and m.round = p_round and m.participant_id = p)
    order by n);
end;
$$;
comment on function permafrost.missing_senders(public.frost_key_ceremonies, integer) is 'Who has not sent a message of a round yet, in order.';

create or replace function permafrost.round_of(p_status public.key_ceremony_status) returns integer
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_status when 'round_one' then 1 when 'round_two' then 2 when 'confirming' then 3 end;
end;
$$;
comment on function permafrost.round_of(public.key_ceremony_status) is 'Which round is open; null for none.';

create or replace function permafrost.lock_ceremony(p_ceremony_id text) returns public.frost_key_ceremonies
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
  v_ceremony public.frost_key_ceremonies;
begin
  v_row := permafrost.lock_subject(k, p_ceremony_id) from permafrost.kinds as k where k.kind = 'ceremony';
  select * into strict v_ceremony from public.frost_key_ceremonies where ceremony_id = p_ceremony_id;
  return v_ceremony;
end;
$$;
comment on function permafrost.lock_ceremony(text) is
  'The ceremony, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

-- Messages --------------------------------------------------------------------------------------------------------

create or replace function permafrost.redacted_payload(p_round integer, p_payload jsonb) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_payload ? 'ciphertexts' then jsonb_set(p_payload, '{ciphertexts}', permafrost.redacted(p_payload -> 'ciphertexts'))
    when p_round = 1 and p_payload ? 'message' then jsonb_set(p_payload, '{message}', permafrost.redacted(p_payload -> 'message'))
    else p_payload end;
end;
$$;
comment on function permafrost.redacted_payload(integer, jsonb) is 'A payload with the digests of its ciphertexts in their place.';

-- Security definer: it locks the ceremony.
create or replace function permafrost.tg_frost_ceremony_messages__10_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies;
  v_round integer;
begin
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - 'payload' <> to_jsonb(old) - 'payload' or new.payload <> permafrost.redacted_payload(old.round, old.payload)
      or not exists (select from public.frost_key_ceremonies where ceremony_id = old.ceremony_id and status >= 'completed')
    then
      perform permafrost.refuse('invalid_transition', 'A ceremony''s message is immutable, but for its ciphertexts once the key is dealt anew');
    end if;
    return new;
  end if;
  v_ceremony := permafrost.lock_ceremony(new.ceremony_id);
  if not coalesce(new.participant_id = any (v_ceremony.participants || v_ceremony.dealers), false) then
    perform permafrost.refuse('not_a_participant', 'The caller takes no part in this ceremony');
  end if;
  if exists (select from public.frost_ceremony_messages as m
    where m.ceremony_id = new.ceremony_id and m.round = new.round and m.participant_id = new.participant_id)
  then
    perform permafrost.refuse(case when new.round = 1 then 'commitment_already_submitted' else 'share_already_submitted' end,
      format('Another message of round %s was submitted before', new.round));
  end if;
  if v_ceremony.status >= 'completed' then
    perform permafrost.refuse_finished('ceremony', v_ceremony.status::text, v_ceremony.error_message);
  end if;
  if not new.participant_id = any (permafrost.senders(v_ceremony, new.round)) then
    perform permafrost.refuse('not_a_participant', format('The caller sends nothing in round %s of this ceremony', new.round));
  end if;
  v_round := permafrost.round_of(v_ceremony.status);
  if new.round <> v_round then
    perform permafrost.refuse(case when new.round > v_round then 'round_open' else 'round_closed' end,
      format('Round %s is the open one', v_round));
  end if;
  perform permafrost.check_not_declined('ceremony', new.ceremony_id, new.participant_id);
  return new;
end;
$$;
create or replace trigger tg_frost_ceremony_messages__10_admit
  before insert or update on public.frost_ceremony_messages
  for each row execute function permafrost.tg_frost_ceremony_messages__10_admit();

-- A completed ceremony is where the shares of its key come back from, and a message stands for as long as its ceremony.
-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg__80_keep() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_table_name = 'frost_key_ceremonies' then
    perform permafrost.refuse('invalid_transition', 'A completed ceremony is never deleted: the shares of its key come back from it');
  -- The cascade deletes the ceremony first.
  elsif exists (select from public.frost_key_ceremonies where ceremony_id = old.ceremony_id) then
    perform permafrost.refuse('invalid_transition', 'A ceremony''s message goes only with its ceremony');
  end if;
  return old;
end;
$$;
create or replace trigger tg_frost_ceremony_messages__80_keep
  before delete on public.frost_ceremony_messages
  for each row execute function permafrost.tg__80_keep();
create or replace trigger tg_frost_key_ceremonies__80_keep
  before delete on public.frost_key_ceremonies
  for each row when (old.status = 'completed') execute function permafrost.tg__80_keep();

-- Security definer: events are written by nobody else.
create or replace function permafrost.tg_frost_ceremony_messages__40_log() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform permafrost.log_event('ceremony', new.ceremony_id, c.family_id, 'message_accepted', new.participant_id,
    jsonb_build_object('round', new.round, 'signature', new.payload ->> 'signature'))
  from public.frost_key_ceremonies as c where c.ceremony_id = new.ceremony_id;
  return null;
end;
$$;
create or replace trigger tg_frost_ceremony_messages__40_log
  after insert on public.frost_ceremony_messages
  for each row execute function permafrost.tg_frost_ceremony_messages__40_log();

-- All of a ceremony's members are needed: whoever declines ends it.
-- Security definer: it fails the ceremony for a member.
create or replace function permafrost.tg_declines__ceremony() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from public.frost_key_ceremonies where ceremony_id = new.subject_id and status < 'completed') then
    perform permafrost.fail_declined(new);
  end if;
  return null;
end;
$$;
create or replace trigger tg_declines__30_ceremony
  after insert on permafrost.declines
  for each row when (new.kind = 'ceremony') execute function permafrost.tg_declines__ceremony();

-- Becoming current ------------------------------------------------------------------------------------------------

-- A member's dkg in a family that has a key takes that key's own threshold: else two could start one of their own.
create or replace function permafrost.approvals_missing(p_ceremony public.frost_key_ceremonies) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_current public.frost_key_packages;
begin
  if p_ceremony.kind = 'reshare' or p_ceremony.created_by is null or p_ceremony.current_key_package_id is null then
    return 0;
  end if;
  select * into strict v_current from public.frost_key_packages where key_package_id = p_ceremony.current_key_package_id;
  return (select case when bool_or(a.participant_id = '') then 0
      else greatest(0, v_current.threshold - count(*) filter (where a.participant_id = any (v_current.participants))) end
    from permafrost.key_approvals as a where a.ceremony_id = p_ceremony.ceremony_id);
end;
$$;
comment on function permafrost.approvals_missing(public.frost_key_ceremonies) is
  'How many guardians of the current key have yet to approve the new one; 0 for a reshare, a first key, and an operator''s ceremony.';

-- Only the living epoch of a group key can be recovered: else whoever left could come back.
create or replace function permafrost.redact_predecessors(p_family_id text, p_group_public_key text, p_except text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids text[] := array(select c.ceremony_id from public.frost_key_ceremonies as c join public.frost_key_packages as k
      -- What was dealt in a reshare that failed is the same key, too.
      on k.key_package_id = case when c.status = 'completed' then c.key_package_id when c.kind = 'reshare' then c.current_key_package_id end
    where c.family_id = p_family_id and k.group_public_key = p_group_public_key and c.ceremony_id <> p_except
    order by 1);
begin
  update public.frost_ceremony_messages as m set payload = permafrost.redacted_payload(m.round, m.payload)
  where m.ceremony_id = any (v_ids) and m.payload <> permafrost.redacted_payload(m.round, m.payload);
  update public.frost_key_ceremonies as c set recovery_data = permafrost.redacted(to_jsonb(c.recovery_data)) #>> '{}',
    coordinator_messages = array(select jsonb_array_elements_text(permafrost.redacted(to_jsonb(c.coordinator_messages))))
  where c.ceremony_id = any (v_ids) and c.recovery_data <> permafrost.redacted(to_jsonb(c.recovery_data)) #>> '{}';
end;
$$;
comment on function permafrost.redact_predecessors(text, text, text) is
  'Replaces the ciphertexts of all earlier ceremonies of a group key by their digests.';

-- Security definer: it reads messages and registers key packages.
create or replace function permafrost.tg_frost_key_ceremonies__30_enter() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_missing text[];
  v_registered jsonb;
begin
  if new.status = old.status or new.status >= 'failed' then
    return new;
  end if;
  v_missing := permafrost.missing_senders(old, permafrost.round_of(old.status));
  if v_missing <> '{}' then
    perform permafrost.refuse('round_open', format('Waiting for %s', array_to_string(v_missing, ', ')));
  end if;
  if old.protocol = 'chilldkg' and new.status <> 'completed'
    and cardinality(new.coordinator_messages) <> permafrost.round_of(old.status)
  then
    perform permafrost.refuse('invalid_transition', 'Each round of chilldkg ends with the coordinator''s message');
  end if;
  if old.protocol = 'chilldkg' and (new.recovery_data is not null) <> (new.status >= 'confirming') then
    perform permafrost.refuse('invalid_transition', 'Round two of chilldkg ends with the recovery data, and no other round does');
  end if;
  case new.status
    when 'round_two' then
      if old.kind = 'reshare' then
        perform permafrost.refuse('invalid_transition', 'A reshare has no round two');
      end if;
    when 'confirming' then
      if old.kind <> 'reshare' and old.status = 'round_one' then
        perform permafrost.refuse('invalid_transition', 'Only a reshare has no round two');
      end if;
      perform permafrost.check_candidate(new);
    when 'completed' then
      if permafrost.approvals_missing(old) > 0 then
        perform permafrost.refuse('round_open', format('Waiting for the approval of %s guardians of the current key', permafrost.approvals_missing(old)));
      end if;
      perform permafrost.lock_family_key(old.family_id);
      if (permafrost.current_key_package(old.family_id)).key_package_id is distinct from old.current_key_package_id then
        perform permafrost.refuse('key_retired', 'The family''s key is another than when this ceremony began');
      end if;
      v_registered := permafrost.register_key_package(old.family_id, old.ciphersuite, old.threshold, old.participants,
        old.key_package ->> 'group_public_key', array(select jsonb_array_elements_text(old.key_package -> 'verifying_shares')),
        array(select jsonb_array_elements_text(old.key_package -> 'vss_commitment')), old.created_by);
      if v_registered -> 'epoch' is distinct from old.key_package -> 'epoch' then
        perform permafrost.refuse('key_retired', 'The family had another key meanwhile');
      end if;
      new.key_package_id := v_registered ->> 'key_package_id';
      if old.kind = 'reshare' then
        perform permafrost.redact_predecessors(old.family_id, old.key_package ->> 'group_public_key', old.ceremony_id);
      end if;
  end case;
  return new;
end;
$$;

-- Whether the points are those that the messages make, the function that computed them says.
create or replace function permafrost.check_candidate(p_ceremony public.frost_key_ceremonies) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_package jsonb := p_ceremony.key_package;
  v_from public.frost_key_packages := k from public.frost_key_packages as k where k.key_package_id = p_ceremony.from_key_package_id;
begin
  if not coalesce(v_package @> jsonb_build_object('ciphersuite', p_ceremony.ciphersuite, 'threshold', p_ceremony.threshold)
      and v_package -> 'participants' = to_jsonb(p_ceremony.participants), false)
    or jsonb_array_length(jsonb_path_query_array(v_package, '$.verifying_shares[*]')) <> cardinality(p_ceremony.participants)
    or jsonb_array_length(jsonb_path_query_array(v_package, '$.vss_commitment[*] ? (@ != null)')) <> p_ceremony.threshold
    or v_package ->> 'group_public_key' is null
  then
    perform permafrost.refuse('key_package_invalid', 'The key package must be of the ceremony''s ciphersuite, threshold and participants');
  end if;
  if v_package ->> 'group_public_key' <> v_from.group_public_key then
    perform permafrost.refuse('key_package_invalid', 'A reshare keeps the group public key');
  end if;
end;
$$;
comment on function permafrost.check_candidate(public.frost_key_ceremonies) is 'Refuses key_package_invalid unless a ceremony''s key package is of what the ceremony is for.';

create or replace trigger tg_frost_key_ceremonies__30_enter
  before update on public.frost_key_ceremonies
  for each row when (old is distinct from new)
  execute function permafrost.tg_frost_key_ceremonies__30_enter();

revoke all on function permafrost.senders(public.frost_key_ceremonies, integer), permafrost.missing_senders(public.frost_key_ceremonies, integer),
  permafrost.round_of(public.key_ceremony_status), permafrost.lock_ceremony(text), permafrost.redacted_payload(integer, jsonb),
  permafrost.tg_frost_ceremony_messages__10_admit(), permafrost.tg__80_keep(), permafrost.tg_frost_ceremony_messages__40_log(),
  permafrost.tg_declines__ceremony(), permafrost.approvals_missing(public.frost_key_ceremonies),
  permafrost.redact_predecessors(text, text, text), permafrost.tg_frost_key_ceremonies__30_enter(),
  permafrost.check_candidate(public.frost_key_ceremonies) from public, anon, authenticated, service_role;
