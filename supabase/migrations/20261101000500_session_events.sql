-- What happened, and what was refused. Appended to by triggers and by the recording RPCs, altered by
-- nobody: it is the evidence when a guardian is accused, so it outlives the session it speaks of.

create table if not exists public.frost_session_events (
  event_id bigint generated always as identity primary key,
  session_id text not null,
  family_id text not null,
  event text not null check (event in ('created', 'commitment_accepted', 'commitment_refused',
    'round_one_closed', 'share_accepted', 'share_refused', 'aggregating', 'completed', 'failed',
    'expired', 'published', 'declined', 'nonce_marked')),
  actor text,
  detail jsonb not null default '{}'::jsonb,
  occurred_at bigint not null default permafrost.now_ms()
);
-- The trail of one session; monitoring's window over one kind of event.
create index if not exists frost_session_events_session_idx on public.frost_session_events (session_id, event_id);
create index if not exists frost_session_events_event_idx on public.frost_session_events (event, occurred_at);

comment on table public.frost_session_events is
  'Append-only record of what happened to sessions and of what was refused. Survives cleanup.';
comment on column public.frost_session_events.actor is 'The participant who did it; null for the coordinator itself.';
comment on column public.frost_session_events.detail is 'For a refusal: code and reason. Never a nonce, a share or a token.';
comment on column public.frost_session_events.occurred_at is 'Milliseconds since the epoch.';

alter table public.frost_session_events enable row level security;
revoke all on table public.frost_session_events from public, anon, authenticated, service_role;
revoke all on sequence public.frost_session_events_event_id_seq from public, anon, authenticated, service_role;
grant select on table public.frost_session_events to authenticated, service_role;
-- No insert for anybody: events are written by the functions below alone.

drop policy if exists "Members read the events of their sessions" on public.frost_session_events;
create policy "Members read the events of their sessions" on public.frost_session_events
  for select to authenticated
  using (
    family_id = (select permafrost.current_family_id())
    and (actor = (select permafrost.current_participant_id())
      or session_id in (select s.session_id from public.frost_signing_sessions as s))
  );

-- One trigger function for every append-only table.
create or replace function permafrost.tg__append_only() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception using errcode = 'PT409', hint = 'invalid_transition',
    message = format('%I.%I is append-only', tg_table_schema, tg_table_name);
end;
$$;
revoke all on function permafrost.tg__append_only() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_session_events__append_only
  before update or delete or truncate on public.frost_session_events
  for each statement execute function permafrost.tg__append_only();

create or replace function permafrost.log_event(
  p_session public.frost_signing_sessions, p_event text, p_actor text, p_detail jsonb default '{}'
) returns bigint
language sql volatile set search_path = ''
begin atomic
  insert into public.frost_session_events (session_id, family_id, event, actor, detail)
  values (p_session.session_id, p_session.family_id, p_event, p_actor, p_detail)
  returning event_id;
end;
comment on function permafrost.log_event(public.frost_signing_sessions, text, text, jsonb) is
  'Appends an event of a session and returns its id.';
revoke all on function permafrost.log_event(public.frost_signing_sessions, text, text, jsonb)
  from public, anon, authenticated, service_role;
