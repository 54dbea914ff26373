-- The states of a signing session: which edges there are, and what must hold to enter a state. The law does the
-- rest, for every role.
--
--   pending -> nonce_collection -> signing -> aggregating -> completed
--      \______________\_______________\____________\_______-> failed | expired

insert into permafrost.kinds (kind, relation, id_column, noun, method, key_column, awaiting, created_detail) values
  ('session', 'public.frost_signing_sessions', 'session_id', 'session', 'frost', 'key_package_id',
    -- Nobody is awaited in a dry run. With all shares there, each participant can finish it: its last caller may have
    -- died. A commitment that is used is answered, or marked so that it is not to be.
    $sql$t.key_package_id is not null and case
      when t.status = 'aggregating' then true
      when t.mode <> 'two_round' then permafrost.is_awaited(t, %1$s)
      when t.signers is null then not exists (select from public.frost_nonce_commitments as c
          where c.session_id = t.session_id and c.participant_id = %1$s)
        and not exists (select from permafrost.declines as d
          where d.subject_id = t.session_id and d.kind = 'session' and d.participant_id = %1$s)
      else %1$s = any (t.signers) and exists (select from public.frost_nonce_commitments as c
          where c.session_id = t.session_id and c.participant_id = %1$s and not c.nonce_used)
      end$sql$,
    '{mode,message_hash,participants,threshold,key_package_id,event_type,expires_at}')
on conflict (kind) do update set relation = excluded.relation, id_column = excluded.id_column, noun = excluded.noun,
  method = excluded.method, key_column = excluded.key_column, awaiting = excluded.awaiting, created_detail = excluded.created_detail;

insert into permafrost.transitions (kind, from_status, to_status, event, detail) values
  ('session', 'pending', 'nonce_collection', null, '{}'),
  ('session', 'nonce_collection', 'signing', null, '{}'),
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
create or replace function permafrost.committed_in_identifier_order(p_session public.frost_signing_sessions, p_quorum integer)
returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select array_agg(c.participant_id order by array_position(
    coalesce(
      (select k.participants from public.frost_key_packages as k where k.key_package_id = p_session.key_package_id),
      p_session.participants),
    c.participant_id))
  from public.frost_nonce_commitments as c where c.session_id = p_session.session_id and c.quorum = p_quorum);
end;
$$;
comment on function permafrost.committed_in_identifier_order(public.frost_signing_sessions, integer) is
  'The participants that have committed in a quorum, in FROST identifier order; null for none.';

create or replace function permafrost.close_quorum(p_session public.frost_signing_sessions, p_quorum integer) returns text[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_signers text[] := permafrost.committed_in_identifier_order(p_session, p_quorum);
begin
  if cardinality(v_signers) is distinct from p_session.threshold then
    perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
  end if;
  update public.frost_signing_quorums set status = 'signing', signers = v_signers
  where session_id = p_session.session_id and quorum = p_quorum;
  perform permafrost.log_event('session', p_session.session_id, p_session.family_id, 'round_one_closed', null,
    jsonb_build_object('quorum', p_quorum, 'signers', v_signers));
  return v_signers;
end;
$$;
comment on function permafrost.close_quorum(public.frost_signing_sessions, integer) is
  'Freezes the signers of a quorum: these sign, and nobody else, whatever comes after. Refuses invalid_transition.';

create or replace function permafrost.full_quorum(p_session_id text, p_threshold integer) returns public.frost_signing_quorums
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_quorum public.frost_signing_quorums;
begin
  select q.* into v_quorum from public.frost_signing_quorums as q
  where q.session_id = p_session_id and q.status in ('signing', 'completed') and p_threshold = (
    select count(*) from public.frost_signature_shares as s where s.session_id = q.session_id and s.quorum = q.quorum)
  limit 1;
  return v_quorum;
end;
$$;
comment on function permafrost.full_quorum(text, integer) is 'The one quorum that has all its shares, or a row of nulls.';

-- How a session ends is how its quorums end.
-- Security definer: it reads and writes what the updating role may not.
create or replace function permafrost.tg_frost_signing_sessions__30_enter() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_full public.frost_signing_quorums;
begin
  if new.status = old.status then
    return new;
  end if;
  if (new.status = 'completed') <> (new.final_signature is not null) then
    perform permafrost.refuse('invalid_transition', 'final_signature must be given exactly when a session completes');
  end if;
  case new.status
    when 'nonce_collection' then
      new.nonce_collection_started_at := new.updated_at;
    when 'signing' then
      if old.mode = 'two_round' then
        new.signers := permafrost.close_quorum(old, 1);
      elsif not exists (select from public.frost_signing_quorums where session_id = old.session_id and status = 'signing') then
        perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
      end if;
      new.signing_started_at := new.updated_at;
    when 'aggregating' then
      v_full := permafrost.full_quorum(old.session_id, old.threshold);
      if v_full.quorum is null then
        perform permafrost.refuse('invalid_transition', 'Aggregation starts with every signer''s share');
      end if;
      if old.mode <> 'two_round' then
        perform permafrost.abandon_quorums(old.session_id, v_full.quorum);
      end if;
      new.aggregating_started_at := new.updated_at;
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
      v_full := permafrost.full_quorum(old.session_id, old.threshold);
      new.signers := v_full.signers;
      update public.frost_signing_quorums set status = 'completed' where session_id = old.session_id and quorum = v_full.quorum;
    else
      perform permafrost.abandon_quorums(old.session_id, 0);
  end case;
  return new;
end;
$$;

create or replace trigger tg_frost_signing_sessions__30_enter
  before update on public.frost_signing_sessions
  for each row execute function permafrost.tg_frost_signing_sessions__30_enter();

-- In two rounds a commitment binds its participant to the one signer set: it cannot be replaced, and its decline
-- fails the session. In the other modes its quorums are abandoned, and the others fill further ones.
-- Security definer: it reads and moves the session for a member.
create or replace function permafrost.tg_declines__session() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.subject_id;
  if tg_when = 'AFTER' then
    if v_session.status >= 'completed' then
      return null;
    end if;
    if v_session.mode <> 'two_round' then
      perform permafrost.abandon_quorums_of(new.subject_id, new.participant_id);
      perform permafrost.fail_if_stuck(v_session,
        format('Too few are left: %s declined (%s)', new.participant_id, new.reason));
    elsif exists (select from public.frost_nonce_commitments
      where session_id = new.subject_id and participant_id = new.participant_id)
    then
      perform permafrost.fail_declined(new);
    end if;
    return null;
  end if;
  if v_session.mode = 'two_round' and exists (select from public.frost_signature_shares
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

revoke all on function permafrost.committed_in_identifier_order(public.frost_signing_sessions, integer),
  permafrost.close_quorum(public.frost_signing_sessions, integer), permafrost.full_quorum(text, integer),
  permafrost.tg_frost_signing_sessions__30_enter(), permafrost.tg_declines__session()
  from public, anon, authenticated, service_role;
