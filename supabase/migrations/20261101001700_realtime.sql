-- Members who are connected hear of a change as it happens: ids and state on a private topic of their
-- family, nothing that is signed and nothing secret. Where the project has no Realtime, nothing is sent.

-- Security definer: realtime.send is not for members. A notification that fails is no reason to lose a
-- signature, but it is said: the warning is in the database's log.
create or replace function permafrost.tg__broadcast() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_row jsonb := to_jsonb(new);
begin
  if pg_catalog.to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null
    or tg_op = 'UPDATE' and v_row ->> 'status' = to_jsonb(old) ->> 'status'
  then
    return null;
  end if;
  begin
    execute 'select realtime.send($1, $2, $3, $4)' using
      jsonb_build_object(
        'session_id', coalesce(v_row ->> 'session_id', v_row ->> 'request_id'),
        'method', tg_argv[0],
        'status', v_row ->> 'status'),
      'session_status', 'family:' || (v_row ->> 'family_id'), true;
  exception when others then
    raise warning 'The broadcast of a change of state failed: % %', sqlstate, sqlerrm;
  end;
  return null;
end;
$$;
revoke all on function permafrost.tg__broadcast() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_signing_sessions__40_broadcast
  after insert or update on public.frost_signing_sessions
  for each row execute function permafrost.tg__broadcast('frost');

create or replace trigger tg_sss_signing_requests__40_broadcast
  after insert or update on public.sss_signing_requests
  for each row execute function permafrost.tg__broadcast('sss');

-- Private topics are open to whom a policy on realtime.messages lets in.
do $$
begin
  if pg_catalog.to_regclass('realtime.messages') is not null then
    execute 'drop policy if exists "Members hear of their family''s signing" on realtime.messages';
    execute $policy$
      create policy "Members hear of their family's signing" on realtime.messages
        for select to authenticated
        using (
          extension = 'broadcast'
          and topic = 'family:' || (select permafrost.current_family_id())
        )
    $policy$;
  end if;
end
$$;
