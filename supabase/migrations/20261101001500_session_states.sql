-- The states of a signing session: which edges there are, and what must hold to enter a state. The law does the
-- rest, for every role.
--
--   pending -> nonce_collection -> signing -> aggregating -> completed
--      \______________\_______________\____________\_______-> failed | expired

insert into permafrost.kinds (kind, relation, id_column, noun, method, created_detail) values
  ('session', 'public.frost_signing_sessions', 'session_id', 'session', 'frost',
    '{message_hash,participants,threshold,key_package_id,event_type,expires_at}')
on conflict (kind) do update set relation = excluded.relation, id_column = excluded.id_column, noun = excluded.noun,
  method = excluded.method, created_detail = excluded.created_detail;

insert into permafrost.transitions (kind, from_status, to_status, event, detail) values
  ('session', 'pending', 'nonce_collection', null, '{}'),
  ('session', 'nonce_collection', 'signing', 'round_one_closed', '{signers}'),
  ('session', 'signing', 'aggregating', 'aggregating', '{}'),
  ('session', 'aggregating', 'completed', 'completed', '{final_signature}')
on conflict do nothing;
insert into permafrost.transitions (kind, from_status, to_status, event)
select 'session', f, t, t
from unnest('{pending,nonce_collection,signing,aggregating}'::text[]) as f, unnest('{failed,expired}'::text[]) as t
on conflict do nothing;

insert into permafrost.settable (kind, column_name, while_open, event) values
  ('session', 'final_signature', true, null),
  -- A completed session may still learn, once, under which id its event was published.
  ('session', 'final_event_id', false, 'published')
on conflict do nothing;

call permafrost.rule('session');

-- RFC 9591 identifiers are positions in the key package; a dry run has only its own list to go by.
create or replace function permafrost.committed_in_identifier_order(p_session public.frost_signing_sessions)
returns text[]
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select array_agg(c.participant_id order by array_position(
    coalesce(
      (select k.participants from public.frost_key_packages as k where k.key_package_id = p_session.key_package_id),
      p_session.participants),
    c.participant_id))
  from public.frost_nonce_commitments as c where c.session_id = p_session.session_id;
end;
comment on function permafrost.committed_in_identifier_order(public.frost_signing_sessions) is
  'The participants that have committed in a session, in FROST identifier order; null for none.';

-- Security definer: it reads what the updating role may not.
create or replace function permafrost.tg_frost_signing_sessions__30_enter() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if (new.status = 'completed') <> (new.final_signature is not null) then
    perform permafrost.refuse('invalid_transition', 'final_signature must be given exactly when a session completes');
  end if;
  case new.status
    when 'nonce_collection' then
      new.nonce_collection_started_at := new.updated_at;
    when 'signing' then
      -- Round one closes: these sign, and nobody else, whatever comes after.
      new.signers := permafrost.committed_in_identifier_order(old);
      if cardinality(new.signers) is distinct from old.threshold then
        perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
      end if;
      new.signing_started_at := new.updated_at;
    when 'aggregating' then
      if (select count(*) from public.frost_signature_shares where session_id = old.session_id) <> cardinality(old.signers) then
        perform permafrost.refuse('invalid_transition', 'Aggregation starts with every signer''s share');
      end if;
      new.aggregating_started_at := new.updated_at;
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
    else
      null;
  end case;
  return new;
end;
$$;

create or replace trigger tg_frost_signing_sessions__30_enter
  before update on public.frost_signing_sessions
  for each row when (old.status is distinct from new.status)
  execute function permafrost.tg_frost_signing_sessions__30_enter();

-- A commitment binds its participant to the signer set: it cannot be replaced, and its decline fails the session.
-- Security definer: it reads and moves the session for a member.
create or replace function permafrost.tg_declines__session() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.subject_id;
  if tg_when = 'AFTER' then
    if v_session.status < 'completed' and exists (select from public.frost_nonce_commitments
      where session_id = new.subject_id and participant_id = new.participant_id)
    then
      perform permafrost.fail_declined(new);
    end if;
    return null;
  end if;
  if exists (select from public.frost_signature_shares
    where session_id = new.subject_id and participant_id = new.participant_id)
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has signed already');
  end if;
  if new.participant_id <> all (v_session.signers) then
    perform permafrost.refuse('round_closed', 'Others sign this session: there is nothing to decline');
  end if;
  return new;
end;
$$;

create or replace trigger tg_declines__10_session_answered
  before insert on permafrost.declines
  for each row when (new.kind = 'session') execute function permafrost.tg_declines__session();
create or replace trigger tg_declines__30_session_committed
  after insert on permafrost.declines
  for each row when (new.kind = 'session') execute function permafrost.tg_declines__session();

revoke all on function permafrost.committed_in_identifier_order(public.frost_signing_sessions),
  permafrost.tg_frost_signing_sessions__30_enter(), permafrost.tg_declines__session()
  from public, anon, authenticated, service_role;
