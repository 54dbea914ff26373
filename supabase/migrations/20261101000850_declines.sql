-- Who said no to a session, and why. Its rules are further down, with those for recovery requests.

create table if not exists permafrost.session_declines (
  session_id text not null references public.frost_signing_sessions (session_id) on delete cascade,
  participant_id text not null,
  reason text not null,
  declined_at bigint not null default permafrost.now_ms(),
  primary key (session_id, participant_id)
);
alter table permafrost.session_declines enable row level security;
revoke all on table permafrost.session_declines from public, anon, authenticated, service_role;
comment on table permafrost.session_declines is 'Participants who declined to sign a session. A decline is final.';
