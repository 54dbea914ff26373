-- The emergency path. FROST signing shares are Shamir shares of the group secret, so a threshold of
-- guardians can hand theirs to one device that puts the secret together and signs alone. The server keeps
-- ciphertext for that device, counts, enforces and expires; it never holds a share in the clear.
--
--   pending -> partial <-> ready -> completed
--      \__________\__________\----> failed | expired

do $$
begin
  create type public.sss_request_status as enum ('pending', 'partial', 'ready', 'completed', 'failed', 'expired');
exception when duplicate_object then null;
end
$$;
comment on type public.sss_request_status is
  'pending (no share), partial (some), ready (a threshold of them); then completed, failed or expired.';

create table if not exists public.sss_signing_requests (
  request_id text primary key default gen_random_uuid()::text,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  use_case text,
  participants text[] not null,
  threshold integer not null,
  recipient_public_key text,
  key_package_id uuid not null references public.frost_key_packages (key_package_id) on delete restrict,
  created_by text not null,
  status public.sss_request_status not null default 'pending',
  final_signature text,
  final_event_id text,
  error_message text,
  incarnation integer not null,
  created_at bigint not null default permafrost.now_ms(),
  updated_at bigint not null default permafrost.now_ms(),
  ready_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint not null default permafrost.now_ms() + 86400000,
  constraint sss_signing_requests_completed_signed check ((status = 'completed') = (final_signature is not null)),
  constraint sss_signing_requests_failed_explained check ((status = 'failed') = (error_message is not null))
);
-- list_recovery_requests
create index if not exists sss_signing_requests_family_idx
  on public.sss_signing_requests (family_id, created_at desc);
-- expire_old_sss_signing_requests
create index if not exists sss_signing_requests_open_idx
  on public.sss_signing_requests (expires_at) where status < 'completed';
-- cleanup_old_sss_signing_requests
create index if not exists sss_signing_requests_created_idx on public.sss_signing_requests (created_at);

comment on table public.sss_signing_requests is
  'Requests to put the group secret together on the requester''s device and sign there. Times are milliseconds since the epoch.';
comment on column public.sss_signing_requests.message_hash is 'What is signed, lower-case hex, as the ciphersuite takes it.';
comment on column public.sss_signing_requests.participants is 'The guardians who may hand in their shares.';
comment on column public.sss_signing_requests.threshold is 'How many of them it takes: the key package''s threshold or more.';
comment on column public.sss_signing_requests.recipient_public_key is
  'The requester''s one-time key, x-only secp256k1, 32 bytes of lower-case hex. Set once. Guardians confirm it out of band.';
comment on column public.sss_signing_requests.ready_at is 'When a threshold of shares was there first.';

alter table public.sss_signing_requests enable row level security;
revoke all on table public.sss_signing_requests from public, anon, authenticated, service_role;
grant select on table public.sss_signing_requests to authenticated, service_role;
-- No insert, update or delete for anybody: RPCs are the only way in.
call permafrost.protect('public.sss_signing_requests');

drop policy if exists "Requesters and guardians read their requests" on public.sss_signing_requests;
create policy "Requesters and guardians read their requests" on public.sss_signing_requests
  for select to authenticated
  using (
    family_id = any ((select permafrost.families())::text[])
    and (select permafrost.memberships()) ->> family_id = any (participants || created_by)
  );

-- The states: which edges there are, and what must hold to enter one. The law does the rest ------------------

insert into permafrost.kinds (kind, relation, id_column, noun, method, key_column, awaiting, created_detail) values
  ('recovery', 'public.sss_signing_requests', 'request_id', 'request', 'sss', 'key_package_id',
    $sql$t.status < 'ready'
      and not exists (select from public.sss_encrypted_shares as s
        where s.request_id = t.request_id and s.guardian_id = %1$s and s.status = 'submitted')
      and not exists (select from permafrost.declines as d
        where d.subject_id = t.request_id and d.kind = 'recovery' and d.participant_id = %1$s)$sql$,
    '{message_hash,participants,threshold,key_package_id,event_type,use_case,recipient_public_key,expires_at}')
on conflict (kind) do update set relation = excluded.relation, id_column = excluded.id_column, noun = excluded.noun,
  method = excluded.method, key_column = excluded.key_column, awaiting = excluded.awaiting, created_detail = excluded.created_detail;

insert into permafrost.transitions (kind, from_status, to_status, event, detail) values
  ('recovery', 'pending', 'partial', 'partial', '{}'),
  ('recovery', 'partial', 'ready', 'ready', '{}'),
  ('recovery', 'ready', 'partial', 'partial', '{}'), -- a share turned out bad
  ('recovery', 'ready', 'completed', 'completed', '{final_signature}')
on conflict do nothing;
insert into permafrost.transitions (kind, from_status, to_status, event)
select 'recovery', f, t, t from unnest('{pending,partial,ready}'::text[]) as f, unnest('{failed,expired}'::text[]) as t
on conflict do nothing;

insert into permafrost.settable (kind, column_name, while_open, event) values
  ('recovery', 'final_signature', true, null),
  ('recovery', 'recipient_public_key', true, 'recipient_set'),
  ('recovery', 'final_event_id', false, 'published')
on conflict do nothing;

call permafrost.rule('recovery');

create or replace function permafrost.check_recipient(p_public_key text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_public_key is not null and (length(p_public_key) <> 64 or not permafrost.is_hex(p_public_key)) then
    perform permafrost.refuse('invalid_input', 'recipient_public_key must be 32 bytes of lower-case hex');
  end if;
end;
$$;
comment on function permafrost.check_recipient(text) is
  'Refuses invalid_input unless null (not set yet) or 32 bytes of lower-case hex.';

-- Security definer: it reads key packages and suites.
create or replace function permafrost.tg_sss_signing_requests__15_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_package public.frost_key_packages := permafrost.current_key_package(new.family_id);
begin
  if num_nonnulls(new.final_signature, new.final_event_id, new.ready_at) > 0 then
    perform permafrost.refuse('invalid_transition', 'A request starts pending, with nothing done yet');
  end if;
  if new.use_case is not null then
    perform permafrost.check_identifier('use_case', new.use_case);
  end if;
  perform permafrost.check_recipient(new.recipient_public_key),
    permafrost.check_request(new.message_hash, new.event_template, new.event_type);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  perform permafrost.check_against_key(v_package, new.participants, new.threshold, new.message_hash);
  new.key_package_id := v_package.key_package_id;
  return new;
end;
$$;

create or replace trigger tg_sss_signing_requests__15_admit
  before insert on public.sss_signing_requests
  for each row execute function permafrost.tg_sss_signing_requests__15_admit();

-- Security definer: it counts shares, which no operator reads.
create or replace function permafrost.tg_sss_signing_requests__30_enter() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_shares bigint;
begin
  perform permafrost.check_recipient(new.recipient_public_key);
  if new.status = old.status then
    return new;
  end if;
  if (new.status = 'completed') <> (new.final_signature is not null) then
    perform permafrost.refuse('invalid_transition', 'final_signature must be given exactly when a request completes');
  end if;
  select count(*) into v_shares from public.sss_encrypted_shares where request_id = old.request_id and status = 'submitted';
  case new.status
    when 'partial' then
      if old.status = 'pending' and v_shares = 0 or old.status = 'ready' and v_shares >= old.threshold then
        perform permafrost.refuse('invalid_transition', 'A request is partial with some shares, and fewer than its threshold');
      end if;
    when 'ready' then
      if v_shares < old.threshold then
        perform permafrost.refuse('invalid_transition', 'A request is ready with as many shares as its threshold');
      end if;
      new.ready_at := coalesce(old.ready_at, new.updated_at);
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
    else
      null;
  end case;
  return new;
end;
$$;

create or replace trigger tg_sss_signing_requests__30_enter
  before update on public.sss_signing_requests
  for each row when (old is distinct from new)
  execute function permafrost.tg_sss_signing_requests__30_enter();

revoke all on function permafrost.check_recipient(text), permafrost.tg_sss_signing_requests__15_admit(),
  permafrost.tg_sss_signing_requests__30_enter() from public, anon, authenticated, service_role;
