-- Members who are connected hear of a change as it happens: ids and state on a private topic of their family,
-- nothing that is signed and nothing secret. Where the project has no Realtime, nothing is sent, and where its
-- tables belong to another role, the installation goes on without the policy.

-- A notification that fails costs no signature, but it is said: the warning is in the database's log.
create or replace function permafrost.broadcast(p_family_id text, p_event text, p_payload jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null then
    return;
  end if;
  execute 'select realtime.send($1, $2, $3, $4)' using p_payload, p_event, 'family:' || p_family_id, true;
exception when others then
  raise warning 'The broadcast of a change of state failed: % %', sqlstate, sqlerrm;
end;
$$;
comment on function permafrost.broadcast(text, text, jsonb) is 'Tells a family''s members who are connected; a failure is a warning.';

-- Security definer: realtime.send is not for members.
create or replace function permafrost.tg__50_broadcast() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' or new.status <> old.status then
    perform permafrost.broadcast(new.family_id, 'session_status',
      jsonb_build_object('session_id', to_jsonb(new) ->> tg_argv[1], 'method', tg_argv[3], 'status', new.status));
  end if;
  return null;
end;
$$;
revoke all on function permafrost.broadcast(text, text, jsonb), permafrost.tg__50_broadcast() from public, anon, authenticated, service_role;

-- A private topic lets in whom a policy on realtime.messages lets in.
do $$
declare
  v_drop constant text := $policy$drop policy if exists "Members hear of their family's signing" on realtime.messages$policy$;
  v_create constant text := $policy$create policy "Members hear of their family's signing" on realtime.messages
  for select to authenticated
  using (extension = 'broadcast' and topic in (select 'family:' || f from unnest((select permafrost.families())) as f))$policy$;
begin
  if to_regclass('realtime.messages') is not null then
    execute v_drop;
    execute v_create;
  end if;
exception when insufficient_privilege then
  raise warning E'Live updates stay off: this role may not give realtime.messages a policy. Its owner can run:\n%;\n%;', v_drop, v_create;
end
$$;
