-- What happened, and what was refused: one append-only record of every kind of subject. It is the evidence when
-- a guardian is accused, so it outlives what it speaks of, and each subject's events form a hash chain: a
-- server that rewrites what it has shown to somebody is found out.

create table if not exists public.frost_events (
  event_id bigint generated always as identity primary key,
  subject text not null check (subject in ('session', 'recovery', 'ceremony', 'key', 'pool')),
  subject_id text not null,
  seq bigint not null check (seq >= 1),
  family_id text not null,
  event text not null,
  actor text,
  detail jsonb not null default '{}',
  occurred_at bigint not null,
  digest bytea not null check (octet_length(digest) = 32),
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

create or replace function permafrost.event_digest(p_before bytea, variadic p_fields text[]) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  v_hashed bytea := p_before;
  v_field text;
begin
  foreach v_field in array p_fields loop
    v_hashed := v_hashed || case when v_field is null then '\xffffffff'
      else int4send(octet_length(convert_to(v_field, 'UTF8'))) || convert_to(v_field, 'UTF8') end;
  end loop;
  return sha256(v_hashed);
end;
$$;
comment on function permafrost.event_digest(bytea, text[]) is 'The digest of an event, from the digest before it and its fields.';

create or replace function permafrost.log_event(
  p_subject text, p_subject_id text, p_family_id text, p_event text, p_actor text, p_detail jsonb default '{}'
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_head permafrost.event_heads;
  v_now bigint;
  v_event_id bigint;
begin
  if p_event <> 'created' then
    select * into v_head from permafrost.event_heads
    where subject_id = p_subject_id and subject = p_subject for update;
  end if;
  if v_head.seq is null then
    insert into permafrost.event_heads (subject_id, subject, seq, digest)
    values (p_subject_id, p_subject, 0, '\x0000000000000000000000000000000000000000000000000000000000000000')
    -- Of two that are first at once, one waits here for the other and goes on from its head.
    on conflict (subject_id, subject) do update set seq = event_heads.seq
    returning * into v_head;
  end if;
  v_now := permafrost.now_ms(); -- at this event's turn, as seq is
  v_head.seq := v_head.seq + 1;
  v_head.digest := permafrost.event_digest(v_head.digest, v_head.seq::text, p_subject, p_subject_id, p_family_id,
    p_event, p_actor, p_detail::text, v_now::text);
  insert into public.frost_events (subject, subject_id, seq, family_id, event, actor, detail, occurred_at, digest)
  values (p_subject, p_subject_id, v_head.seq, p_family_id, p_event, p_actor, p_detail, v_now, v_head.digest)
  returning event_id into v_event_id;
  update permafrost.event_heads set seq = v_head.seq, digest = v_head.digest
  where subject_id = p_subject_id and subject = p_subject;
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
