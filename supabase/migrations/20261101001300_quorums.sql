-- A quorum is one set of `threshold` signers with one set of commitments. A session of two rounds has one; a robust
-- one opens the next where a quorum stalls (ROAST, Ruffing et al. 2022); a one_tap one has them from the start. The
-- first to have all its shares finishes the session. Every guardian answers each quorum at most once, with nonces that no
-- other quorum has, so that any number of quorums of one session is safe.

do $$
begin
  create type public.signing_quorum_status as enum ('collecting', 'signing', 'completed', 'abandoned');
exception when duplicate_object then null;
end
$$;
comment on type public.signing_quorum_status is
  'collecting (commitments), signing (shares); then completed (its shares made the signature) or abandoned.';

create table if not exists public.frost_signing_quorums (
  session_id text not null references public.frost_signing_sessions (session_id) on delete cascade,
  quorum integer not null check (quorum >= 1),
  signers text[],
  refused text[] not null default '{}',
  status public.signing_quorum_status not null default 'collecting',
  bound boolean not null default false,
  opened_at bigint not null default permafrost.now_ms(),
  primary key (session_id, quorum),
  constraint frost_signing_quorums_signers_known check ((status = 'collecting') <= (signers is null))
);
comment on table public.frost_signing_quorums is 'The signer sets of a session. Written by the triggers of commitments and shares alone.';
comment on column public.frost_signing_quorums.signers is 'In FROST identifier order; known once all commitments are there. Never changes.';
comment on column public.frost_signing_quorums.refused is 'Signers whose last share did not verify; a share that does takes them out.';
comment on column public.frost_signing_quorums.bound is 'Made of pooled commitments when the session was created.';
comment on column public.frost_signing_quorums.opened_at is 'Milliseconds since the epoch.';

alter table public.frost_signing_quorums enable row level security;
revoke all on table public.frost_signing_quorums from public, anon, authenticated, service_role;
grant select on table public.frost_signing_quorums to authenticated, service_role;
call permafrost.protect('public.frost_signing_quorums');

drop policy if exists "Creators and participants read the quorums of their sessions" on public.frost_signing_quorums;
create policy "Creators and participants read the quorums of their sessions" on public.frost_signing_quorums
  for select to authenticated
  using (exists (select from public.frost_signing_sessions as s where s.session_id = frost_signing_quorums.session_id));

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_signing_quorums__freeze() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    if exists (select from public.frost_signing_sessions where session_id = old.session_id) then
      perform permafrost.refuse('invalid_transition', 'A quorum goes only with its session');
    end if;
    return old;
  end if;
  if (new.session_id, new.quorum, new.bound, new.opened_at) is distinct from (old.session_id, old.quorum, old.bound, old.opened_at)
    or old.signers is not null and new.signers is distinct from old.signers
    or new.status < old.status or old.status = 'completed' and new.status <> 'completed'
  then
    perform permafrost.refuse('invalid_transition', 'A quorum goes forward only, and keeps its signers');
  end if;
  return new;
end;
$$;

create or replace trigger tg_frost_signing_quorums__freeze
  before update or delete on public.frost_signing_quorums
  for each row execute function permafrost.tg_frost_signing_quorums__freeze();

create or replace function permafrost.abandon_quorums(p_session_id text, p_but integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update public.frost_signing_quorums set status = 'abandoned'
  where session_id = p_session_id and quorum <> p_but and status < 'completed';
end;
$$;
comment on function permafrost.abandon_quorums(text, integer) is 'Abandons the open quorums of a session, but for one.';

create or replace function permafrost.abandon_quorums_of(p_session_id text, p_participant_id text) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_abandoned integer;
begin
  update public.frost_signing_quorums as q set status = 'abandoned'
  where q.session_id = p_session_id and q.status < 'completed'
    and exists (select from public.frost_nonce_commitments as c
      where c.session_id = q.session_id and c.quorum = q.quorum and c.participant_id = p_participant_id and not c.nonce_used);
  get diagnostics v_abandoned = row_count;
  return v_abandoned;
end;
$$;
comment on function permafrost.abandon_quorums_of(text, text) is
  'Abandons the open quorums of a session that wait for a participant; returns how many.';

-- A robust session fails at once when no open quorum can finish, and too few are left to fill another.
create or replace function permafrost.fail_if_stuck(p_session public.frost_signing_sessions, p_reason text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_session.mode = 'two_round' or p_session.status >= 'completed' or exists (
    select from public.frost_signing_quorums as q
    where q.session_id = p_session.session_id and q.status = 'signing' and not exists (
      select from unnest(q.signers) as signer
      where (signer = any (q.refused) or permafrost.declined('session', p_session.session_id) ? signer)
        and not exists (select from public.frost_signature_shares as s
          where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = signer)))
  then
    return;
  end if;
  if p_session.threshold > (select count(*) from unnest(p_session.participants) as p
    where not permafrost.declined('session', p_session.session_id) ? p and not exists (
      select from public.frost_signing_quorums as q where q.session_id = p_session.session_id and p = any (q.refused)))
  then
    perform permafrost.fail_subject(k, p_session.session_id, p_reason) from permafrost.kinds as k where k.kind = 'session';
  end if;
end;
$$;
comment on function permafrost.fail_if_stuck(public.frost_signing_sessions, text) is
  'Fails a robust session, which the caller has locked, that nobody can finish any more.';

revoke all on function permafrost.tg_frost_signing_quorums__freeze(), permafrost.abandon_quorums(text, integer), permafrost.abandon_quorums_of(text, text),
  permafrost.fail_if_stuck(public.frost_signing_sessions, text) from public, anon, authenticated, service_role;
