-- What happened, and what was refused: one append-only record of every kind of subject. It is the evidence when
-- a guardian is accused, so it outlives what it speaks of, and each subject's events form a hash chain: a
-- server that rewrites what it has shown to somebody is found out.

create table if not exists public.frost_events (
  event_id bigint generated always as identity primary key,
  subject text not null check (subject in ('session', 'recovery', 'ceremony', 'key', 'pool')),
  subject_id text not null,
  seq bigint not null,
  family_id text not null,
  event text not null,
  actor text,
  detail jsonb not null default '{}',
  occurred_at bigint not null,
  digest bytea not null,
  constraint frost_events_subject_seq_key unique (subject, subject_id, seq)
);
-- monitoring: one kind of event in a window
create index if not exists frost_events_event_idx on public.frost_events (event, occurred_at);

comment on table public.frost_events is
  'Append-only record of what happened and of what was refused. Survives cleanup. Each subject''s events form a hash chain.';
comment on column public.frost_events.subject_id is
  'The id of the session, recovery request, ceremony or key package; of a pool the JSON ["<family>","<participant>"].';
comment on column public.frost_events.seq is 'Counts the events of a subject from 1.';
comment on column public.frost_events.actor is 'The participant who did it; null for the coordinator itself.';
comment on column public.frost_events.detail is
  'Public inputs: messages, commitments, signature shares; of a refusal its code and reason. Never a nonce, a secret share or a token.';
comment on column public.frost_events.occurred_at is 'Milliseconds since the epoch.';
comment on column public.frost_events.digest is
  'SHA-256 over the digest before it (32 zero bytes first), then for each of seq, subject, subject_id, family_id, event, actor, detail::text, occurred_at its length in 4 big-endian bytes and its UTF-8; for null ffffffff alone.';

create table if not exists permafrost.event_heads (
  subject_id text not null,
  subject text not null,
  seq bigint not null,
  digest bytea not null,
  occurred_at bigint not null,
  primary key (subject_id, subject)
) with (fillfactor = 70);
alter table permafrost.event_heads enable row level security;
revoke all on table permafrost.event_heads from public, anon, authenticated, service_role;
comment on table permafrost.event_heads is
  'The last event of each subject. Locked by each writing of an event, after all other locks, so that two refusals at once do not fork a chain.';

alter table public.frost_events enable row level security;
revoke all on table public.frost_events from public, anon, authenticated, service_role;
revoke all on sequence public.frost_events_event_id_seq from public, anon, authenticated, service_role;
grant select on table public.frost_events to authenticated, service_role;
-- No insert for anybody: events are written by log_event alone.

-- Who reads what is a policy that `permafrost.rule` makes, since it follows from the kinds there are.

create or replace trigger tg_frost_events__append_only
  before update or delete or truncate on public.frost_events
  for each statement execute function permafrost.tg__append_only();
call permafrost.protect('public.frost_events', 'insert');

-- octet_length counts UTF-8: the encoding of every Supabase database.
create or replace function permafrost.event_digest(p_before bytea, variadic p_fields text[]) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  v_hashed bytea := p_before;
  v_field text;
begin
  foreach v_field in array p_fields loop
    v_hashed := v_hashed || coalesce(int4send(octet_length(v_field)) || convert_to(v_field, 'UTF8'), '\xffffffff');
  end loop;
  return sha256(v_hashed);
end;
$$;
comment on function permafrost.event_digest(bytea, text[]) is 'The digest of an event, from the digest before it and its fields.';

-- The head is moved and the event written in one statement, by the head as it is at this event's turn: of two at once one
-- waits here. The times of a chain never go back.
create or replace function permafrost.log_event(
  p_subject text, p_subject_id text, p_family_id text, p_event text, p_actor text, p_detail jsonb default '{}'
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_detail constant text := p_detail;
  v_now constant bigint := permafrost.now_ms();
  v_is_first boolean := p_event = 'created';
  v_event_id bigint;
begin
  loop
    if v_is_first then
      with head as (
        insert into permafrost.event_heads as h (subject_id, subject, seq, digest, occurred_at)
        values (p_subject_id, p_subject, 1, permafrost.event_digest('\x0000000000000000000000000000000000000000000000000000000000000000',
          '1', p_subject, p_subject_id, p_family_id, p_event, p_actor, v_detail, v_now::text), v_now)
        on conflict do nothing
        returning *)
      insert into public.frost_events (subject, subject_id, seq, family_id, event, actor, detail, occurred_at, digest)
      select subject, subject_id, seq, p_family_id, p_event, p_actor, p_detail, occurred_at, digest from head
      returning event_id into v_event_id;
    else
      with head as (
        update permafrost.event_heads as h set seq = h.seq + 1, occurred_at = greatest(h.occurred_at, v_now),
          digest = permafrost.event_digest(h.digest, (h.seq + 1)::text, p_subject, p_subject_id, p_family_id, p_event, p_actor,
            v_detail, greatest(h.occurred_at, v_now)::text)
        where h.subject_id = p_subject_id and h.subject = p_subject
        returning *)
      insert into public.frost_events (subject, subject_id, seq, family_id, event, actor, detail, occurred_at, digest)
      select subject, subject_id, seq, p_family_id, p_event, p_actor, p_detail, occurred_at, digest from head
      returning event_id into v_event_id;
    end if;
    exit when v_event_id is not null;
    v_is_first := not v_is_first;
  end loop;
  return v_event_id;
end;
$$;
comment on function permafrost.log_event(text, text, text, text, text, jsonb) is
  'Appends an event to a subject''s chain and returns its id.';

create or replace function permafrost.transcript_head(p_subject text, p_subject_id text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select encode(h.digest, 'hex') from permafrost.event_heads as h
    where h.subject_id = p_subject_id and h.subject = p_subject);
end;
$$;
comment on function permafrost.transcript_head(text, text) is 'The digest of a subject''s last event, 64 hex characters.';

revoke all on function permafrost.event_digest(bytea, text[]), permafrost.log_event(text, text, text, text, text, jsonb),
  permafrost.transcript_head(text, text) from public, anon, authenticated, service_role;
