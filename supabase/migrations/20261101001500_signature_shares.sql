-- Round two: one signature share a commitment, ever. The coordinator's function has verified a share
-- before it is recorded; recording it uses its commitment up in the same transaction.

create table if not exists public.frost_signature_shares (
  session_id text not null,
  quorum integer not null default 1,
  participant_id text not null,
  signature_share text not null,
  created_at bigint not null default permafrost.now_ms(),
  primary key (session_id, quorum, participant_id),
  foreign key (session_id, quorum, participant_id)
    references public.frost_nonce_commitments (session_id, quorum, participant_id) on delete cascade
);
comment on table public.frost_signature_shares is
  'Round two of RFC 9591: one verified signature share a signer and quorum. Written by record_signature_share only; never altered.';
comment on column public.frost_signature_shares.signature_share is 'Encoded scalar, lower-case hex: 64 characters on secp256k1.';
comment on column public.frost_signature_shares.created_at is 'Milliseconds since the epoch.';

alter table public.frost_signature_shares enable row level security;
revoke all on table public.frost_signature_shares from public, anon, authenticated, service_role;
grant select on table public.frost_signature_shares to authenticated, service_role;
-- No insert for anybody, service_role included: record_signature_share is the only way in.
call permafrost.protect('public.frost_signature_shares');

drop policy if exists "Signers and creators read shares" on public.frost_signature_shares;
create policy "Signers and creators read shares" on public.frost_signature_shares
  for select to authenticated
  using (exists (
    select from public.frost_signing_sessions as s
    where s.session_id = frost_signature_shares.session_id
      and (select permafrost.memberships()) ->> s.family_id in (frost_signature_shares.participant_id, s.created_by)
  ));

-- A share that does not say its quorum: the same share again is of the quorum that has it.
create or replace function permafrost.share_quorum(
  p_session public.frost_signing_sessions, p_participant_id text, p_signature_share text
) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_session.mode = 'two_round' then
    return 1;
  end if;
  return coalesce(
    (select min(s.quorum) from public.frost_signature_shares as s where s.session_id = p_session.session_id
      and s.participant_id = p_participant_id and s.signature_share = p_signature_share),
    (permafrost.asked_quorum(p_session, null, p_participant_id)).quorum);
end;
$$;
comment on function permafrost.share_quorum(public.frost_signing_sessions, text, text) is
  'The quorum that a share is meant for: the participant''s first unanswered one. Refuses round_open.';

-- Security definer: an operator's insert could not read the suite's lengths otherwise.
create or replace function permafrost.tg_frost_signature_shares__10_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(new.session_id);
  v_part record;
  v_scalar_bytes integer;
begin
  if new.participant_id is null or new.participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  new.quorum := coalesce(new.quorum, permafrost.share_quorum(v_session, new.participant_id, new.signature_share));
  select q.signers, q.status, c.nonce_used, s.participant_id is not null as has_answered into v_part
  from public.frost_signing_quorums as q
  left join public.frost_nonce_commitments as c on (c.session_id, c.quorum, c.participant_id) = (q.session_id, q.quorum, new.participant_id)
  left join public.frost_signature_shares as s on (s.session_id, s.quorum, s.participant_id) = (q.session_id, q.quorum, new.participant_id)
  where q.session_id = new.session_id and q.quorum = new.quorum;
  if v_part.has_answered then
    perform permafrost.refuse('share_already_submitted', 'Another signature share was submitted before');
  end if;
  if v_session.status >= 'completed' then
    perform permafrost.refuse_finished('session', v_session.status::text, v_session.error_message);
  end if;
  if v_part.signers is null then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  if new.participant_id <> all (v_part.signers) then
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  if v_part.status = 'abandoned' and v_session.status = 'aggregating' then
    perform permafrost.refuse('session_finished', 'Another quorum has finished the session');
  elsif v_part.status = 'abandoned' then
    perform permafrost.refuse('round_closed', 'This quorum was abandoned');
  end if;
  if v_part.nonce_used is not false then
    perform permafrost.refuse('nonce_reused', 'This commitment has been used');
  end if;
  if not permafrost.is_hex(new.signature_share) then
    perform permafrost.refuse('invalid_input', 'signature_share must be lower-case hex');
  end if;
  v_scalar_bytes := (permafrost.ciphersuite_of(v_session.key_package_id)).scalar_bytes;
  if length(new.signature_share) <> 2 * v_scalar_bytes then
    perform permafrost.refuse('share_invalid', format('signature_share must be %s bytes', v_scalar_bytes));
  end if;
  return new;
end;
$$;

create or replace trigger tg_frost_signature_shares__10_admit
  before insert on public.frost_signature_shares
  for each row execute function permafrost.tg_frost_signature_shares__10_admit();

-- Security definer: it marks the commitment and moves the session. The first quorum with all its shares finishes it.
create or replace function permafrost.tg_frost_signature_shares__20_advance() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.session_id;
  -- Asked again here: an operator's mark may have been on its way when the share was admitted.
  update public.frost_nonce_commitments set nonce_used = true
  where session_id = new.session_id and quorum = new.quorum and participant_id = new.participant_id and not nonce_used;
  if not found then
    perform permafrost.refuse('nonce_reused', 'This commitment has been used');
  end if;
  perform permafrost.log_event('session', v_session.session_id, v_session.family_id, 'share_accepted', new.participant_id,
    jsonb_build_object('quorum', new.quorum, 'signature_share', new.signature_share));
  if v_session.mode <> 'two_round' then
    update public.frost_signing_quorums set refused = array_remove(refused, new.participant_id)
    where session_id = new.session_id and quorum = new.quorum and new.participant_id = any (refused);
  end if;
  if v_session.status = 'signing' and v_session.threshold = (select count(*) from public.frost_signature_shares
    where session_id = new.session_id and quorum = new.quorum)
  then
    update public.frost_signing_sessions set status = 'aggregating' where session_id = new.session_id;
  end if;
  return null;
end;
$$;

create or replace trigger tg_frost_signature_shares__20_advance
  after insert on public.frost_signature_shares
  for each row execute function permafrost.tg_frost_signature_shares__20_advance();

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_signature_shares__freeze() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- The cascade deletes the commitment first; while the commitment stands, so does its share.
  if tg_op = 'DELETE' and not exists (select from public.frost_nonce_commitments
    where session_id = old.session_id and quorum = old.quorum and participant_id = old.participant_id)
  then
    return old;
  end if;
  perform permafrost.refuse('invalid_transition', 'A signature share is never altered, and goes only with its session');
  return null;
end;
$$;

create or replace trigger tg_frost_signature_shares__freeze
  before update or delete on public.frost_signature_shares
  for each row execute function permafrost.tg_frost_signature_shares__freeze();

revoke all on function permafrost.share_quorum(public.frost_signing_sessions, text, text), permafrost.tg_frost_signature_shares__10_admit(), permafrost.tg_frost_signature_shares__20_advance(),
  permafrost.tg_frost_signature_shares__freeze() from public, anon, authenticated, service_role;
