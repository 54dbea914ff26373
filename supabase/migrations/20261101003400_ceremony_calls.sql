-- What is done in ceremonies: by members, and by the functions after they have done the arithmetic.

-- Security definer: members have no insert.
create or replace function permafrost.create_key_ceremony(
  p_family_id text, p_kind text, p_threshold integer, p_participants text[], p_protocol text, p_ciphersuite text,
  p_dealers text[], p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := case when not permafrost.is_operator() then permafrost.check_member_of(p_family_id) end;
  v_now bigint := permafrost.now_ms();
  v_ceremony public.frost_key_ceremonies;
begin
  -- The family's turn before the counts of its members, as where a host key is registered: two in another order would
  -- wait for each other.
  perform permafrost.check_identifier('family_id', p_family_id), permafrost.lock_family_key(p_family_id);
  insert into public.frost_key_ceremonies (family_id, kind, protocol, ciphersuite, threshold, participants, dealers,
    created_by, created_at, expires_at)
  values (p_family_id, p_kind, p_protocol, p_ciphersuite, p_threshold, p_participants, p_dealers,
    v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds))
  returning * into v_ceremony;
  return permafrost.ceremony_answer(v_ceremony);
end;
$$;

create or replace function public.create_key_ceremony(
  p_family_id text, p_kind text, p_threshold integer, p_participants text[], p_protocol text default null,
  p_ciphersuite text default null, p_dealers text[] default null, p_expiration_seconds integer default 86400
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.create_key_ceremony(p_family_id, p_kind, p_threshold, p_participants, p_protocol, p_ciphersuite,
    p_dealers, p_expiration_seconds);
end;
comment on function public.create_key_ceremony(text, text, integer, text[], text, text, text[], integer) is
  'Starts a ceremony, as a member or an operator: kind dkg or reshare. Returns it as get_key_ceremony does. Refuses not_in_family, invalid_input, invalid_transition (another one is open), participants_invalid, threshold_invalid, no_key_package, rate_limited.';

create or replace function permafrost.ceremony_progress(p_ceremony_id text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies := c from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
  v_round integer := permafrost.round_of(v_ceremony.status);
  v_missing text[] := permafrost.missing_senders(v_ceremony, v_round);
begin
  if v_round is null then
    return jsonb_build_object('status', v_ceremony.status, 'received', cardinality(v_ceremony.participants), 'missing', '[]'::jsonb,
      'coordinator_message', v_ceremony.coordinator_messages[cardinality(v_ceremony.coordinator_messages)]);
  end if;
  return jsonb_build_object('status', v_ceremony.status,
    'received', cardinality(permafrost.senders(v_ceremony, v_round)) - cardinality(v_missing),
    'missing', v_missing,
    'coordinator_message', v_ceremony.coordinator_messages[cardinality(v_ceremony.coordinator_messages)]);
end;
$$;
comment on function permafrost.ceremony_progress(text) is
  'How far a ceremony has come: status; of its open round how many messages were received, and who is missing; the coordinator''s last message.';

create or replace function permafrost.complete_if_confirmed(p_ceremony public.frost_key_ceremonies) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_ceremony.status = 'confirming' and permafrost.missing_senders(p_ceremony, 3) = '{}' and permafrost.approvals_missing(p_ceremony) = 0 then
    update public.frost_key_ceremonies set status = 'completed' where ceremony_id = p_ceremony.ceremony_id;
  end if;
end;
$$;
comment on function permafrost.complete_if_confirmed(public.frost_key_ceremonies) is
  'Completes a ceremony, which the caller has locked, once all have confirmed and enough have approved.';

-- The family's turn first, then the ceremony's: the last confirmation registers a key.
create or replace function permafrost.lock_family_ceremony(p_ceremony_id text) returns public.frost_key_ceremonies
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform permafrost.lock_family_key(c.family_id) from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
  return permafrost.lock_ceremony(p_ceremony_id);
end;
$$;
comment on function permafrost.lock_family_ceremony(text) is 'As lock_ceremony, with the turn at the family''s keys.';

-- Security definer: nobody else may insert messages. The caller has verified it.
create or replace function permafrost.record_ceremony_message(
  p_ceremony_id text, p_participant_id text, p_round integer, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_family_ceremony(p_ceremony_id);
begin
  -- An exact retry gets the answer that is true now.
  if not exists (select from public.frost_ceremony_messages as m where m.ceremony_id = p_ceremony_id and m.round = p_round
    and m.participant_id = p_participant_id and m.payload in (p_payload, permafrost.redacted_payload(p_round, p_payload)))
  then
    insert into public.frost_ceremony_messages (ceremony_id, round, participant_id, payload)
    values (p_ceremony_id, p_round, p_participant_id, p_payload);
  end if;
  perform permafrost.complete_if_confirmed(v_ceremony);
  return permafrost.ceremony_progress(p_ceremony_id);
end;
$$;

create or replace function public.record_ceremony_message(p_ceremony_id text, p_participant_id text, p_round integer, p_payload jsonb) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_ceremony_message(p_ceremony_id, p_participant_id, p_round, p_payload); end;
comment on function public.record_ceremony_message(text, text, integer, jsonb) is
  'Records a message that the caller has verified; with the last confirmation the ceremony completes, and its key is the family''s current one. Returns status, received, missing, coordinator_message. Refuses session_not_found, not_a_participant, commitment_already_submitted, share_already_submitted, round_open, round_closed, session_finished, session_expired, key_retired, invalid_transition.';

-- Security definer: it writes the event. A message that is signed by its sender's host key proves to everybody who
-- deviated: so it is kept whole.
create or replace function permafrost.record_refused_ceremony_message(
  p_ceremony_id text, p_participant_id text, p_round integer, p_reason text, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_ceremony(p_ceremony_id);
  v_event_id bigint := permafrost.log_refusal('ceremony', p_ceremony_id, v_ceremony.family_id, 'message_refused', p_participant_id,
    jsonb_build_object('code', 'ceremony_message_invalid', 'round', p_round, 'reason', left(p_reason, 1000), 'payload', p_payload));
begin
  if p_payload is not null and p_participant_id <> all (v_ceremony.blamed) and v_ceremony.status < 'completed'
    and coalesce(p_participant_id = any (v_ceremony.participants || v_ceremony.dealers), false)
  then
    update public.frost_key_ceremonies set blamed = blamed || p_participant_id where ceremony_id = p_ceremony_id;
  end if;
  return jsonb_build_object('event_id', v_event_id);
end;
$$;

create or replace function public.record_refused_ceremony_message(
  p_ceremony_id text, p_participant_id text, p_round integer, p_reason text, p_payload jsonb default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_refused_ceremony_message(p_ceremony_id, p_participant_id, p_round, p_reason, p_payload); end;
comment on function public.record_refused_ceremony_message(text, text, integer, text, jsonb) is
  'Records that a participant''s message did not verify, and blames it where the message bears its host key''s signature: such a message is given, and kept as proof. Returns event_id, null past the limits of a member. Refuses session_not_found, session_expired.';

-- Security definer: nobody has update. Whoever finds a round complete may bring it on: the same again changes nothing.
create or replace function permafrost.advance_key_ceremony(
  p_ceremony_id text, p_round integer, p_coordinator_message text, p_recovery_data text, p_key_package jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_ceremony(p_ceremony_id);
begin
  if permafrost.round_of(v_ceremony.status) = p_round and p_round < 3 then
    update public.frost_key_ceremonies as c
    set status = case when p_key_package is null then 'round_two'::public.key_ceremony_status else 'confirming' end,
      coordinator_messages = c.coordinator_messages || array_remove(array[p_coordinator_message], null),
      recovery_data = p_recovery_data,
      key_package = case when p_key_package is not null then jsonb_build_object(
        'epoch', 1 + coalesce((select max(k.epoch) from public.frost_key_packages as k where k.family_id = c.family_id), 0),
        'ciphersuite', c.ciphersuite, 'threshold', c.threshold, 'participants', c.participants)
        || jsonb_build_object('group_public_key', p_key_package -> 'group_public_key',
          'verifying_shares', p_key_package -> 'verifying_shares', 'vss_commitment', p_key_package -> 'vss_commitment') end
    where c.ceremony_id = p_ceremony_id;
  end if;
  return permafrost.ceremony_progress(p_ceremony_id);
end;
$$;

create or replace function public.advance_key_ceremony(
  p_ceremony_id text, p_round integer, p_coordinator_message text default null, p_recovery_data text default null,
  p_key_package jsonb default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.advance_key_ceremony(p_ceremony_id, p_round, p_coordinator_message, p_recovery_data, p_key_package); end;
comment on function public.advance_key_ceremony(text, integer, text, text, jsonb) is
  'Ends a round that has all its messages with what the caller computed from them: chilldkg''s message and recovery data; before confirming the key package ({group_public_key, verifying_shares, vss_commitment}). A round that has ended before is left alone. Returns as record_ceremony_message does. Refuses session_not_found, session_expired, round_open, invalid_transition, key_package_invalid.';

-- Security definer: it writes the event and fails the ceremony. The caller has checked the evidence.
create or replace function permafrost.blame_in_ceremony(
  p_ceremony_id text, p_reporter text, p_against text, p_is_guilty boolean, p_evidence jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_ceremony(p_ceremony_id);
  v_guilty text := case when p_is_guilty then p_against else p_reporter end;
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = 'ceremony';
begin
  if v_ceremony.status = 'failed' and v_guilty = any (v_ceremony.blamed) then
    return to_jsonb(v_ceremony) || jsonb_build_object('guilty', v_guilty); -- an exact retry
  end if;
  if v_ceremony.status >= 'completed' then
    perform permafrost.refuse_finished('ceremony', v_ceremony.status::text, v_ceremony.error_message);
  end if;
  if not coalesce(p_reporter = any (v_ceremony.participants) and p_against = any (v_ceremony.participants || v_ceremony.dealers), false) then
    perform permafrost.refuse('not_a_participant', 'Only who gets a share reports one, and of who takes part');
  end if;
  if not p_reporter = any (permafrost.missing_senders(v_ceremony, 3)) then
    perform permafrost.refuse('round_closed', 'The caller has confirmed this ceremony');
  end if;
  perform permafrost.log_event('ceremony', p_ceremony_id, v_ceremony.family_id, 'fault_reported', p_reporter,
    jsonb_build_object('against', p_against, 'guilty', v_guilty, 'evidence', p_evidence));
  if v_guilty <> all (v_ceremony.blamed) then
    update public.frost_key_ceremonies set blamed = blamed || v_guilty where ceremony_id = p_ceremony_id;
  end if;
  perform permafrost.fail_subject(v_kind, p_ceremony_id, case when p_is_guilty
    then format('%s sent a share to %s that does not fit', p_against, p_reporter)
    else format('%s accused %s of a share that fits', p_reporter, p_against) end);
  return permafrost.ceremony_answer(c) || jsonb_build_object('guilty', v_guilty)
    from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
end;
$$;

create or replace function public.blame_in_ceremony(
  p_ceremony_id text, p_reporter text, p_against text, p_is_guilty boolean, p_evidence jsonb
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.blame_in_ceremony(p_ceremony_id, p_reporter, p_against, p_is_guilty, p_evidence); end;
comment on function public.blame_in_ceremony(text, text, text, boolean, jsonb) is
  'Fails a ceremony by evidence that the caller has checked, and names who deviated: the accused, or a false accuser. Taken before the reporter''s confirmation. Returns the ceremony, with guilty. Refuses session_not_found, session_expired, session_finished, key_retired, not_a_participant, round_closed.';

-- Security definer: nobody else may insert approvals. The caller has verified the signature; without a participant it is an operator.
create or replace function permafrost.approve_key_package(
  p_family_id text, p_key_package_digest text, p_participant_id text, p_signature text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id text := (select c.ceremony_id from public.frost_key_ceremonies as c
    where c.family_id = p_family_id and c.status in ('confirming', 'completed') and permafrost.digest_of(c.key_package) = p_key_package_digest
    order by c.created_at desc limit 1);
  v_ceremony public.frost_key_ceremonies;
begin
  v_ceremony := permafrost.lock_family_ceremony(v_id);
  if v_ceremony.status >= 'failed' then
    perform permafrost.refuse_finished('ceremony', v_ceremony.status::text, v_ceremony.error_message);
  end if;
  if p_participant_id is not null and not exists (select from public.frost_key_packages as k
    where k.key_package_id = v_ceremony.current_key_package_id and p_participant_id = any (k.participants))
  then
    perform permafrost.refuse('not_a_participant', 'Only guardians of the current key approve the next one');
  end if;
  if v_ceremony.status = 'confirming' then
    insert into permafrost.key_approvals (ceremony_id, participant_id, signature)
    values (v_id, coalesce(p_participant_id, ''), coalesce(p_signature, ''))
    on conflict do nothing;
    if found then
      perform permafrost.log_event('ceremony', v_id, p_family_id, 'approved', p_participant_id, jsonb_build_object('signature', p_signature));
    end if;
    perform permafrost.complete_if_confirmed(v_ceremony);
  end if;
  return permafrost.ceremony_progress(v_id) || jsonb_build_object('ceremony_id', v_id, 'approvals_missing',
    (select permafrost.approvals_missing(c) from public.frost_key_ceremonies as c where c.ceremony_id = v_id and c.status = 'confirming'));
end;
$$;

create or replace function public.approve_key_package(
  p_family_id text, p_key_package_digest text, p_participant_id text default null, p_signature text default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.approve_key_package(p_family_id, p_key_package_digest, p_participant_id, p_signature); end;
comment on function public.approve_key_package(text, text, text, text) is
  'A guardian of the current key, or without a participant an operator, lets the new key of a confirming dkg take its place; the caller has verified the signature. The same again changes nothing. Returns ceremony_id, status, received, missing, approvals_missing. Refuses session_not_found, session_expired, session_finished, key_retired, not_a_participant.';

-- Security definer: members have no update.
create or replace function permafrost.fail_key_ceremony(p_ceremony_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.visible_ceremony(p_ceremony_id);
begin
  -- A family has one open ceremony: who blocks it with one of its own is overruled by an operator.
  perform permafrost.fail_own('ceremony', p_ceremony_id, v_ceremony.family_id,
    case when not permafrost.is_operator() then v_ceremony.created_by end, p_reason);
  return permafrost.get_key_ceremony(p_ceremony_id);
end;
$$;

create or replace function public.fail_key_ceremony(p_ceremony_id text, p_reason text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.fail_key_ceremony(p_ceremony_id, p_reason); end;
comment on function public.fail_key_ceremony(text, text) is
  'Fails an unfinished ceremony of the caller''s own making, or as an operator any, and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished, key_retired.';

revoke all on function permafrost.create_key_ceremony(text, text, integer, text[], text, text, text[], integer),
  public.create_key_ceremony(text, text, integer, text[], text, text, text[], integer), permafrost.ceremony_progress(text),
  permafrost.complete_if_confirmed(public.frost_key_ceremonies), permafrost.lock_family_ceremony(text),
  permafrost.record_ceremony_message(text, text, integer, jsonb), public.record_ceremony_message(text, text, integer, jsonb),
  permafrost.record_refused_ceremony_message(text, text, integer, text, jsonb), public.record_refused_ceremony_message(text, text, integer, text, jsonb),
  permafrost.advance_key_ceremony(text, integer, text, text, jsonb), public.advance_key_ceremony(text, integer, text, text, jsonb),
  permafrost.blame_in_ceremony(text, text, text, boolean, jsonb), public.blame_in_ceremony(text, text, text, boolean, jsonb),
  permafrost.approve_key_package(text, text, text, text), public.approve_key_package(text, text, text, text),
  permafrost.fail_key_ceremony(text, text), public.fail_key_ceremony(text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.create_key_ceremony(text, text, integer, text[], text, text, text[], integer),
  public.create_key_ceremony(text, text, integer, text[], text, text, text[], integer),
  permafrost.fail_key_ceremony(text, text), public.fail_key_ceremony(text, text) to authenticated, service_role;
grant execute on function permafrost.record_ceremony_message(text, text, integer, jsonb), public.record_ceremony_message(text, text, integer, jsonb),
  permafrost.record_refused_ceremony_message(text, text, integer, text, jsonb), public.record_refused_ceremony_message(text, text, integer, text, jsonb),
  permafrost.advance_key_ceremony(text, integer, text, text, jsonb), public.advance_key_ceremony(text, integer, text, text, jsonb),
  permafrost.blame_in_ceremony(text, text, text, boolean, jsonb), public.blame_in_ceremony(text, text, text, boolean, jsonb),
  permafrost.approve_key_package(text, text, text, text), public.approve_key_package(text, text, text, text) to service_role;
