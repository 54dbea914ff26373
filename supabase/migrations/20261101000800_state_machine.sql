-- The state machine. Which edges exist is data; one guard enforces them for every role, postgres and
-- service_role included, and stamps the times, so that nobody's clock or memory decides them.
--
--   pending -> nonce_collection -> signing -> aggregating -> completed
--      \______________\_______________\____________\_______-> failed | expired

create table if not exists permafrost.signing_session_transitions (
  from_status public.signing_session_status not null,
  to_status public.signing_session_status not null,
  primary key (from_status, to_status)
);
alter table permafrost.signing_session_transitions enable row level security;
revoke all on table permafrost.signing_session_transitions from public, anon, authenticated, service_role;
comment on table permafrost.signing_session_transitions is 'The legal edges of a signing session''s state.';

insert into permafrost.signing_session_transitions (from_status, to_status) values
  ('pending', 'nonce_collection'),
  ('nonce_collection', 'signing'),
  ('signing', 'aggregating'),
  ('aggregating', 'completed'),
  ('pending', 'failed'), ('nonce_collection', 'failed'), ('signing', 'failed'), ('aggregating', 'failed'),
  ('pending', 'expired'), ('nonce_collection', 'expired'), ('signing', 'expired'), ('aggregating', 'expired')
on conflict do nothing;

-- RFC 9591 identifiers are positions in the key package; a dry run has only its own list to go by.
create or replace function permafrost.committed_in_identifier_order(p_session public.frost_signing_sessions)
returns text[]
language sql stable set search_path = ''
begin atomic
  select array_agg(c.participant_id order by array_position(
    coalesce(
      (select k.participants from public.frost_key_packages as k where k.key_package_id = p_session.key_package_id),
      p_session.participants),
    c.participant_id))
  from public.frost_nonce_commitments as c where c.session_id = p_session.session_id;
end;
comment on function permafrost.committed_in_identifier_order(public.frost_signing_sessions) is
  'Who has committed in a session, in FROST identifier order; null for nobody.';
revoke all on function permafrost.committed_in_identifier_order(public.frost_signing_sessions)
  from public, anon, authenticated, service_role;

-- Whether it verifies is for the functions to say; here, whether it can be a signature of this key at all.
create or replace function permafrost.check_final_signature(p_key_package_id uuid, p_final_signature text) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_signature_bytes integer; -- null in a dry run, which has no suite to say
begin
  select c.signature_bytes into v_signature_bytes
  from public.frost_key_packages as k join permafrost.ciphersuites as c using (ciphersuite)
  where k.key_package_id = p_key_package_id;
  if not permafrost.is_hex(p_final_signature) or length(p_final_signature) <> 2 * v_signature_bytes then
    perform permafrost.refuse('invalid_input', 'A final signature has the ciphersuite''s length, in lower-case hex');
  end if;
end;
$$;
comment on function permafrost.check_final_signature(uuid, text) is
  'Refuses invalid_input for what has not the form of a signature under this key.';
revoke all on function permafrost.check_final_signature(uuid, text) from public, anon, authenticated, service_role;

-- Security definer: it reads the transitions, which no role may.
create or replace function permafrost.tg_frost_signing_sessions__20_guard() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_asked public.frost_signing_sessions := new;
begin
  if new is not distinct from old then
    return old;
  end if;
  if new.event_template = old.event_template then
    new.event_template := old.event_template; -- equal may still be spelled anew, as 1 and 1.0
  end if;
  if not permafrost.is_open(old.status) then
    -- A completed session may still learn, once, under which id its event was published.
    v_asked.final_event_id := old.final_event_id;
    if old.status = 'completed' and old.final_event_id is null and v_asked is not distinct from old then
      new.updated_at := v_now;
      return new;
    end if;
    perform permafrost.refuse('session_finished', format('The session is %s and does not change', old.status));
  end if;
  if not exists (select from permafrost.signing_session_transitions
    where from_status = old.status and to_status = new.status)
  then
    perform permafrost.refuse('invalid_transition', format('A session does not go from %s to %s', old.status, new.status));
  end if;

  if new.status <> 'expired' and old.expires_at <= v_now then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;

  -- An update may say where to, with what signature, and why it failed. All else stays as it was, or is
  -- filled in below.
  v_asked.status := old.status;
  v_asked.final_signature := old.final_signature;
  v_asked.error_message := old.error_message;
  v_asked.updated_at := old.updated_at;
  if v_asked is distinct from old then
    perform permafrost.refuse('invalid_transition', 'What is signed, by whom and until when is fixed when a session is created');
  end if;
  if (new.status = 'completed') <> (new.final_signature is not null)
    or (new.status = 'failed') <> (coalesce(new.error_message, '') <> '')
  then
    perform permafrost.refuse('invalid_transition', 'A session completes with a signature, and fails with a reason');
  end if;
  new.updated_at := v_now;
  case new.status
    when 'nonce_collection' then
      new.nonce_collection_started_at := v_now;
    when 'signing' then
      -- Round one closes: these sign, and nobody else, whatever comes after.
      new.signers := permafrost.committed_in_identifier_order(old);
      if cardinality(new.signers) is distinct from old.threshold then
        perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
      end if;
      new.signing_started_at := v_now;
    when 'aggregating' then
      if (select count(*) from public.frost_signature_shares where session_id = old.session_id)
        <> cardinality(old.signers)
      then
        perform permafrost.refuse('invalid_transition', 'Aggregation starts with every signer''s share');
      end if;
      new.aggregating_started_at := v_now;
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
      new.completed_at := v_now;
    when 'failed' then
      new.failed_at := v_now;
    else
      null;
  end case;
  return new;
end;
$$;
revoke all on function permafrost.tg_frost_signing_sessions__20_guard() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_signing_sessions__20_guard
  before update on public.frost_signing_sessions
  for each row execute function permafrost.tg_frost_signing_sessions__20_guard();

-- Security definer: events are written by nobody else.
create or replace function permafrost.tg_frost_signing_sessions__30_log() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    -- The trail of a session that was cleaned up is not for whoever takes its id. Asked here, after any wait for
    -- the one that is just being cleaned up.
    if not permafrost.is_operator()
      and exists (select from public.frost_session_events where session_id = new.session_id)
    then
      perform permafrost.refuse('invalid_input', 'Another session had this id before');
    end if;
    perform permafrost.log_event(new, 'created', new.created_by,
      jsonb_build_object('signable', new.key_package_id is not null));
  elsif new.status <> old.status then
    case new.status
      when 'signing' then
        perform permafrost.log_event(new, 'round_one_closed', null, jsonb_build_object('signers', new.signers));
      when 'aggregating', 'completed', 'expired' then
        perform permafrost.log_event(new, new.status::text, null);
      when 'failed' then
        perform permafrost.log_event(new, 'failed', permafrost.current_participant_id(),
          jsonb_build_object('reason', new.error_message));
      else
        null;
    end case;
  elsif new.final_event_id is distinct from old.final_event_id then
    perform permafrost.log_event(new, 'published', permafrost.current_participant_id(),
      jsonb_build_object('final_event_id', new.final_event_id));
  end if;
  return null;
end;
$$;
revoke all on function permafrost.tg_frost_signing_sessions__30_log() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_signing_sessions__30_log
  after insert or update on public.frost_signing_sessions
  for each row execute function permafrost.tg_frost_signing_sessions__30_log();
